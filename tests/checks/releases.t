#!/usr/bin/perl
# scripts/try-release where it can't try anything: one line with the reason, its own exit status, and
# nothing left behind that a second call trips over. What it finds in a root is for the tries.
use strict;
use warnings;
use File::Temp 'tempdir';
use Test::More;

my $folder = tempdir(CLEANUP => 1);
my $tools = "$folder/bin";
mkdir $tools;

# A tool of this name that does BODY comes first on the PATH.
sub tool {
    my ($name, $body) = @_;
    open my $file, '>', "$tools/$name" or die $!;
    print $file "#!/bin/sh\n$body\n";
    close $file;
    chmod 0755, "$tools/$name";
}

# The exit status, and what was said on both streams.
sub try_release {
    my ($words) = @_;
    my $said = `RELEASES=$folder/releases KEYRINGS=$folder PATH=$tools:\$PATH scripts/try-release $words 2>&1`;
    return ($? >> 8, $said);
}

sub is_refused {
    my ($words, $status, $why, $name) = @_;
    my ($got, $said) = try_release($words);
    ok $got == $status && $said =~ $why && $said =~ /\Atry-release: [^\n]*\n\z/, $name
        or diag "$got: $said";
}

# A machine that could, but for what each case takes from it.
tool('id', 'echo 0');
tool('debootstrap', 'exit 1');
tool('unshare', 'exit 0');
tool('git', 'echo 1234567');
is_refused('', 2, qr/no release named; expected: bookworm, trixie, sid or noble/, 'no release');
is_refused('--quick', 2, qr/no release named; expected: bookworm/, '.. nor behind a word');
is_refused('warty', 2, qr/there is no warty; expected: bookworm/, 'one that nobody knows');

tool('id', 'echo 1000');
is_refused('trixie', 77, qr/skipped: trixie: not root/, 'not root');
tool('id', 'echo 0');

tool('df', 'echo "Filesystem blocks Used Available"; echo "disk 9 8 1000"');
is_refused('trixie', 77, qr/skipped: trixie: less than \d+ MB are free/, 'no room on the disk');
unlink "$tools/df";

tool('unshare', 'exit 1');
is_refused('trixie', 77, qr/skipped: trixie: no mount namespaces/, 'no namespaces');
tool('unshare', 'exit 0');

is_refused('trixie', 77, qr{skipped: trixie: no /\S+/debian-archive-keyring.gpg here to trust},
    'nothing to tell the mirror from another by');
open my $key, '>', "$folder/debian-archive-keyring.gpg" or die $!;
close $key;

# A mirror that stops halfway: what it left is gone, and the next call begins anew.
tool('debootstrap', 'for last; do case $last in */trixie.base.new) mkdir -p "$last/half";; esac; done
echo "E: no answer from the mirror"; exit 1');
for my $time ('once', 'twice') {
    my ($status, $said) = try_release('trixie');
    is $status, 77, "a mirror that does not answer, $time";
    like $said, qr/^E: no answer from the mirror\n.*skipped: trixie: debootstrap failed/m,
        '.. its words and ours';
    is_deeply [glob "$folder/releases/*.base* $folder/releases/*.root"], [], '.. nothing is left';
}

# Two at once would work in the same root.
open my $lock, '>', "$folder/releases/trixie.lock" or die $!;
flock $lock, 2;
is_refused('trixie', 77, qr/skipped: trixie: another try of it is under way/, 'two at once');
close $lock;

# The table is made of what the tries left.
open my $result, '>', "$folder/releases/sid.result" or die $!;
print $result "release Some release\ncommit abc\ngcc 1.2\nnasm 3\nld 4\nqemu 5.6\ngrub 7\nperl 8\nrun yes\n",
    "test PASS: 9 results in 2 files\n";
close $result;
my ($status, $table) = try_release('--table');
like $table, qr/^\| Some release \| abc \| 1\.2 \| 3 \| 4 \| 5\.6 \| 7 \| 8 \| yes \| PASS: 9 results in 2 files \|$/m,
    'the table';

done_testing;
