#!/usr/bin/perl
# scripts/setup with an apt that only pretends: what is asked of it, and what is said meanwhile.
use strict;
use warnings;
use File::Temp 'tempdir';
use Test::More;

my $home = tempdir(CLEANUP => 1);
delete @ENV{qw(SETUP CROSS)};

sub script {
    my ($name, $text) = @_;
    open my $file, '>', "$home/$name" or die "$name: $!";
    print $file "#!/bin/sh\n$text\n";
    close $file;
    chmod 0755, "$home/$name";
}

# Runs scripts/setup where APT is what apt-get does once it installs: (exit status, what it said,
# what apt-get was told, and what was left of the input).
sub setup {
    my ($apt, @arguments) = @_;
    unlink "$home/told", "$home/said";
    script('sleep', 'exec perl -e "select undef, undef, undef, 0.05"');
    script('sudo', 'exec "$@"');
    script('apt-get', <<"TEXT");
echo "\$*" >>$home/told
case " \$* " in
*" -s "*) printf 'Inst one (1)\\nInst two (2)\\nConf one (1)\\n' ;;
*--print-uris*) printf "'http://a/one' one.deb 1500000 SHA256:x\\n'http://a/two' two.deb 2500000 SHA256:y\\n" ;;
*" install "*) $apt ;;
esac
TEXT
    local $ENV{PATH} = "$home:$ENV{PATH}";
    system "echo typed | { scripts/setup @arguments; echo \$? >$home/status; cat >$home/left; } "
        . ">$home/said 2>&1";
    return map { my $file; open($file, '<', "$home/$_") ? do { local $/; <$file> // '' } : '' }
        qw(status said told left);
}

my $installs = "printf 'Get:1 one\\nGet:2 two\\nUnpacking one\\nSetting up one\\n'; "
    . "cat; i=0; until grep -q fetched $home/said || [ \$((i += 1)) = 200 ]; do sleep 1; done";
my ($status, $said, $told, $left) = setup($installs, '--packages', 'one');
is $status, "0\n", 'setup installs' or diag $said;
like $said, qr/^setup: installing: one$/m, '.. and says what';
like $said, qr/^setup: 2 packages, 4 MB to fetch$/m, '.. how much that is';
like $said, qr/^setup: \.\. 2 fetched, 1 unpacked, 1 set up$/m, '.. and how far it has come';
like $said, qr/^setup: done\n\z/m, '.. and when it is done';
like $told, qr/^install -q -y --no-remove --no-install-recommends one\n\z/m,
    '.. and removes nothing';
is $left, "typed\n", '.. what is typed meanwhile is left to who runs it';

($status, $said) = setup('echo E: no such luck; exit 100', '--packages', 'one');
is $status, "1\n", 'setup fails where apt does';
like $said, qr/^E: no such luck\nsetup: apt-get install one: failed; the lines above say why\n\z/m,
    '.. and shows why';

($status, $said) = setup('exit 1', 'everything');
is $status, "2\n", 'an unknown kind is refused';
like $said, qr/^setup: there is no everything; expected: run, iso/m, '.. with those there are';
done_testing;
