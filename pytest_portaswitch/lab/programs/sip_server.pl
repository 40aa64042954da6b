#!/usr/bin/perl
# A SIP server on Net::SIP: it answers OPTIONS, and takes no other request.
# usage: sip_server TRANSPORT:ADDRESS:PORT...
use strict;
use warnings;
use Net::SIP qw(:all);

my @legs = map {
    my ($transport, $address, $port) = split /:/;
    Net::SIP::Leg->new(proto => $transport, addr => $address, port => $port);
} @ARGV;
my $loop = Net::SIP::Dispatcher::Eventloop->new;
my $dispatcher = Net::SIP::Dispatcher->new(\@legs, $loop);
$dispatcher->set_receiver(sub {
    my ($packet, $leg, $from) = @_;
    return if $packet->is_response || $packet->method eq 'ACK';
    my @answer = $packet->method eq 'OPTIONS' ? (200, 'OK') : (405, 'Method Not Allowed');
    $dispatcher->deliver($packet->create_response(@answer), leg => $leg, dst_addr => $from);
});
$loop->loop;
