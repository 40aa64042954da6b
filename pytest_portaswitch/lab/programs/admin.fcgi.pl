#!/usr/bin/perl
# An FCGI child of the web server that stays logged in to its databases between requests.
# usage (by mod_fcgid): admin.fcgi, with PORTA_DATABASES="HOST:PORT ..." and PORTA_PASSWORD_FILE
use strict;
use warnings;
use DBI;
use FCGI;

$SIG{PIPE} = 'IGNORE';
open(my $file, '<', $ENV{PORTA_PASSWORD_FILE}) or die "no password: $!";
chomp(my $password = <$file>);
close($file);
my @databases = split ' ', $ENV{PORTA_DATABASES} // '';
my %connection;

sub stay_connected {
    for my $database (@databases) {
        next if $connection{$database} && $connection{$database}->ping;
        my ($host, $port) = split /:/, $database;
        $connection{$database} = DBI->connect(
            "DBI:MariaDB:database=porta;host=$host;port=$port;mariadb_connect_timeout=3"
                . ";mariadb_read_timeout=3;mariadb_write_timeout=3",
            'web', $password, { PrintError => 0, RaiseError => 0 });
    }
}

my $request = FCGI::Request(\*STDIN, \*STDOUT, \*STDERR, \%ENV, 0, FCGI::FAIL_ACCEPT_ON_INTR);
while (1) {
    stay_connected();
    vec(my $readable = '', 0, 1) = 1;    # descriptor 0 is the socket that mod_fcgid handed over
    next if select($readable, undef, undef, 1) <= 0;
    last if $request->Accept() < 0;
    my $up = grep { $connection{$_} } @databases;
    print "Content-Type: text/plain\r\n\r\n$up of " . @databases . " databases connected\n";
    $request->Finish();
}
