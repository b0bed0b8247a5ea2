#!/usr/bin/perl
# scripts/make-web: what it believes, what it writes to, and where it stops; and which of its ends
# the tests of the page take for a machine that lacks something.
use strict;
use warnings;
use lib 'tests/web';
use Cwd 'getcwd';
use File::Copy 'copy';
use File::Path 'make_path';
use File::Temp 'tempdir';
use Test::More;
use Web;

page();
my $v86 = v86();
my $top = getcwd();
my $work = tempdir(CLEANUP => 1);

sub put {
    my ($name, $text, $mode) = @_;
    open my $file, '>', $name or die "$name: $!";
    print $file $text;
    close $file;
    chmod $mode, $name if $mode;
}
sub content {
    my ($name) = @_;
    open my $file, '<:raw', $name or die "$name: $!";
    local $/;
    return scalar <$file>;
}

# In a folder of its own, with what SETTINGS say in the environment: its last line, and whether a
# page is there.
sub make_web {
    my (%settings) = @_;
    local @ENV{qw(V86 SEABIOS COMMON_LICENSES)} = ('') x 3;
    local @ENV{keys %settings, 'CROSS'} = (values %settings, $ENV{CROSS} // '');
    unlink "$work/out.html";
    my $said = `cd '$work' && '$top/scripts/make-web' out.html '$top/build/plat.elf' \\
        '$top/build/user/hello.elf' 2>&1`;
    return ($said, -e "$work/out.html");
}
sub copies {
    my ($folder, $from, @names) = @_;
    make_path("$work/$folder");
    copy("$from/$_", "$work/$folder/$_") or die "$_: $!" for @names;
    return "$work/$folder";
}
my @FILES = qw(libv86.js v86.wasm LICENSE);

# -- A V86 that is given is its owner's --

my $own = copies('own', $v86, @FILES);
put("$own/libv86.js", content("$own/libv86.js") . "\n");
chmod 0555, $own;
my ($said, $page) = make_web(V86 => $own, PATH => "$work/nothing:$ENV{PATH}");
ok $page, 'a V86 of its own is taken' or diag $said;
chmod 0755, $own;
is join(' ', sort map { s{.*/}{}r } glob "$own/*"), join(' ', sort @FILES),
    '.. and nothing is written there';
like content("$work/out.html"), qr/version\s+of its own/, '.. and is not told as another version';
unlink "$own/v86.wasm";
($said, $page) = make_web(V86 => $own);
like $said, qr/^make-web: V86=\S+ has no v86.wasm\n\z/, 'one that lacks a file is no V86';
ok !-e "$own/v86.wasm", '.. and nothing is fetched for it';

# -- What was fetched is looked at each time --

make_path("$work/bin");
put("$work/bin/npm", "#!/bin/sh\ntest \"\$1\" = --version && echo 9 && exit\n"
    . "echo 'npm ERR! made up' >&2; exit 1\n", 0755);
copies('build/v86', $v86, @FILES);
($said, $page) = make_web(PATH => "$work/bin:$ENV{PATH}");
ok $page, 'what was fetched before is not fetched again' or diag $said;
put("$work/build/v86/libv86.js", content("$v86/libv86.js") . ' ');
($said, $page) = make_web(PATH => "$work/bin:$ENV{PATH}");
like $said, qr/^make-web: npm did not fetch v86 \S+: made up\n\z/, 'what was changed since is';
ok !$page, '.. and is in no page';

# -- The BIOS and its licence --

my $seabios = '/usr/share/seabios';
my $bios = copies('bios', $seabios, 'bios.bin', 'vgabios-stdvga.bin');
($said, $page) = make_web(V86 => "$top/$v86", SEABIOS => $bios);
ok $page && content("$work/out.html") !~ /of Debian|snapshot\.debian/,
    'another BIOS is not told as the one of Debian' or diag $said;
($said, $page) = make_web(V86 => "$top/$v86", COMMON_LICENSES => "$work/nothing");
like $said, qr/^make-web: no \S+LGPL-3, which .*\n\z/, 'without its licence there is no page';
ok !$page, '.. at all';

# -- Which ends are a lack of this machine --

sub test_with {
    my ($line) = @_;
    put("$work/bin/make", "#!/bin/sh\necho 'make-web: $line'\nexit 2\n", 0755);
    local $ENV{PATH} = "$work/bin:$ENV{PATH}";
    return scalar `$^X -Itests/web -MWeb -e 'page()' 2>&1`;
}
for my $line ('no npm here (Debian: npm)', 'npm did not fetch v86 1: no network',
    'no /usr/share/seabios/bios.bin (Debian: seabios)') {
    like test_with($line), qr/^1\.\.0 # SKIP/, "skipped: $line";
}
for my $line ('index.html: nothing stands for X', 'no src/web/pc.js: No such file or directory',
    'build/v86/v86.wasm is no WebAssembly module of version 1') {
    unlike test_with($line), qr/SKIP/, "an error: $line";
}
done_testing;
