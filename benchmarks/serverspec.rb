# What an operator would write with Serverspec: the same list, one remote command or two an example.
# Run by run.py as `rspec serverspec.rb` with PLAN, SSH_CONFIG and TARGET_HOST, once a host.
require 'json'
require 'net/ssh'
require 'serverspec'

target = ENV.fetch('TARGET_HOST')
set :backend, :ssh
set :host, target
# It reads more settings from a config file than it then accepts.
set :ssh_options, (Net::SSH::Config.for(target, [ENV.fetch('SSH_CONFIG')])
  .select { |name, _| Net::SSH::VALID_OPTIONS.include?(name) })

JSON.parse(File.read(ENV.fetch('PLAN')))['checks'].each do |check|
  expects = check['expects']
  ports = expects['ports']
  case expects['type']
  when 'listens'
    next unless expects['place']['hosts'].include?(target) && ports['demand'] != 'range'

    describe port(ports['numbers'].first) do
      it(check['id']) { is_expected.to be_listening.with(ports['transport'].sub('tls', 'tcp')) }
    end
  when 'runs'
    next unless expects['host'] == target

    describe command("pgrep -f '#{expects['process']['match']}'") do
      it(check['id']) { expect(subject.exit_status).to eq 0 }
    end
  when 'reaches'
    next unless expects['source'] == target && ports['demand'] != 'range'

    describe host(expects['destination']['address']) do
      it(check['id']) do
        is_expected.to be_reachable.with(port: ports['numbers'].first,
                                         proto: ports['transport'].sub('tls', 'tcp'))
      end
    end
  end
end
