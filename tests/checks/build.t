#!/usr/bin/perl
# Building with the compilers that people have, in the places where they build: the same code comes
# out where a distribution's compiler protects programs unasked, and clang has nothing to say.
use strict;
use warnings;
use Cwd qw(abs_path getcwd);
use File::Path 'make_path';
use File::Temp 'tempdir';
use Test::More;

my ($top, $home) = (getcwd(), tempdir(CLEANUP => 1));
my $sources = abs_path('scripts') =~ s{/scripts$}{}r; # elsewhere, where this runs behind links
my $place = "$home/it's a place"; # as O=: blanks and quotes may be anywhere
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES)}; # those of a `make test`
$ENV{SETUP} = 'no';

sub contents {
    open my $file, '<:raw', $_[0] or return '';
    local $/;
    return <$file>;
}

sub script {
    my ($path, $text) = @_;
    open my $file, '>', $path or die "$path: $!";
    print $file "#!/bin/sh\n$text\n";
    close $file;
    chmod 0755, $path;
}

# Runs a command, without a shell; (exit status, what it printed).
sub run {
    open my $output, '-|', 'sh', '-c', 'exec env "$@" 2>&1 </dev/null', 'sh', @_ or die $!;
    my $text = do { local $/; <$output> } // '';
    close $output;
    return ($? >> 8, $text);
}

# -- A compiler as Ubuntu, Fedora and Gentoo configure it -----------------------------------------

# What the tree that is tested was built with.
my ($cross) = contents('build/kernel.flags') =~ /^(\S+)/;
my ($host_cc) = contents('build/host.flags') =~ /^(\S+)/;
my @protected = split ' ', '-fcf-protection=full -fstack-protector-strong -fstack-clash-protection
    -D_FORTIFY_SOURCE=3 -fPIE -pie -Wformat -Wformat-security -Wl,-z,relro -Wl,-z,now
    -Wl,--as-needed -Wl,-Bsymbolic-functions';
sub tool {
    my ($path) = grep { -x } $_[0] =~ m{/} ? $_[0] : map { "$_/$_[0]" } split /:/, $ENV{PATH};
    return abs_path($path // die "no $_[0]\n");
}
mkdir "$home/bin";
symlink tool("$cross$_"), "$home/bin/cross-$_" for qw(ar nm objcopy);
script("$home/bin/cross-gcc", "exec ${\tool(\"${cross}gcc\")} @protected \"\$@\"");
script("$home/bin/host-gcc", "exec ${\tool($host_cc)} @protected \"\$@\"");
my @compilers = ("CROSS=$home/bin/cross-", "HOST_CC=$home/bin/host-gcc");

# A machine with make and git alone, and what `setup iso` installs: it has no binutils of its own.
mkdir "$home/bare";
script("$home/bare/$_", 'echo "$0: this machine has none" >&2; exit 1')
    for qw(gcc cc ar as ld nm objcopy objdump ranlib size strip);
my ($status, $text) = run("PATH=$home/bare:$ENV{PATH}", 'make', '-j2', "O=$place", @compilers,
    'WERROR=yes', 'all', 'build/plat.iso');
is $status, 0, 'a compiler that protects programs builds kernel, programs and ISO, elsewhere'
    or diag $text;
unlike $text, qr/warning|No such file|cannot|has none/i, '.. without a warning';
($status, $text) = run('make', '-j2', "O=$place", @compilers, 'WERROR=yes', 'lib');
is $status, 0, '.. and the library' or diag $text;
unlike $text, qr/warning|No such file|cannot/i, '.. without a warning';
ok !-e "$place/src/lib/string.c.o" && -l "$place/src", '.. behind links to the sources';

# The same code, byte for byte, but for the names of folders that gdb reads.
for my $file ('plat.elf', (map { s{^build/}{}r } glob 'build/user/*.elf build/user/*.bin'),
    'host/libplatheap.a', 'host/libplatheap32.a') {
    my @plain = map {
        my $copy = "$home/copy" . ($_ eq $place);
        $file =~ /\.bin$/ ? system('cp', "$_/build/$file", $copy)
            : system("$home/bin/cross-objcopy", '--strip-debug', "$_/build/$file", $copy);
        contents($copy)
    } $top, $place;
    ok length $plain[0] && $plain[0] eq $plain[1], ".. $file is the same";
}
# And the code is what it should be, if this machine's own compiler protects as well.
my $code = `${cross}objdump -d build/plat.elf build/user/*.elf`;
like $code, qr/<kernel_main>:/, 'there is code to look at';
unlike $code, qr/endbr|__stack_chk_fail/, '.. without a trace of protection';
unlike `${cross}readelf -lW build/plat.elf build/user/*.elf`, qr/INTERP|DYNAMIC|RELRO/,
    '.. and nothing for a dynamic linker';

# -- Words for the scripts, and the tree elsewhere ------------------------------------------------

script("$home/bin/qemu-system-i386", 'printf "<%s>" "$@"');
{
    local $ENV{PATH} = "$home/bin:$ENV{PATH}";
    my $words = q(it's "all" one; $HOME `x`);
    ($status, $text) = run('make', "O=$place", @compilers, 'WERROR=yes', 'run',
        'APPEND=' . $words =~ s/\$/\$\$/r, 'MEM=6 4');
    like $text, qr/<-m><6 4>/, 'make run MEM= passes what it is given';
    like $text, qr/<-append><\Q$words\E>/, '.. and APPEND=, with quotes in it';
    like $text, qr{<-kernel><build/plat.elf>}, '.. and runs what was built elsewhere';
    make_path("$home/machine/sys/class/block"); # a container may have no /sys
    ($status, $text) = run("USB_ROOT=$home/machine", 'make', 'usb', "O=$place", @compilers,
        'WERROR=yes', q(DEVICE=it's));
    like $text, qr/usb: it's is not in \/dev/, 'make usb DEVICE= as well';
}

# What an editor's clangd finds in a file: nothing, if it knows how the file is compiled.
SKIP: {
    skip 'clangd is not installed', 1 unless `clangd --version 2>/dev/null`;
    run('make', "O=$place", "CROSS=$cross", 'compile_commands.json'); # by its name it is i386
    my ($said) = (run('sh', '-c', 'cd "$1" && exec clangd --compile-commands-dir="$1" '
        . '--check=src/lib/print.c', 'sh', $place))[1];
    ok $said =~ /Building AST/ && $said !~ /^E\[[^\n]*\] \[/m, 'clangd understands the flags'
        or diag $said;
}

# What must not become a place to build in.
make_path("$home/mine/src", "$home/closed");
for my $refused (["$home/mine", qr{mine/src is not of $sources; expected}, 'a folder with files'],
    ["$sources/src", qr{is a folder of the sources; expected}, 'one of the sources'],
    ["$place/Makefile", qr/can not be made; expected/, 'a file']) {
    my ($dir, $why, $name) = @$refused;
    ($status, $text) = run('make', "O=$dir", 'help');
    ok $status && $text =~ /^elsewhere: .*$why.*\n/ && $text !~ /make all/, "O= refuses $name"
        or diag $text;
}
is join(' ', glob "$home/mine/*"), "$home/mine/src", '.. and leaves it as it was';
is +(run('make', 'O=.', 'help'))[0], 0, 'O=. is this tree';

# A tree of somebody else's. Nobody can't write to root, so a name that no file can have stands in.
SKIP: {
    skip 'only root can be somebody else', 3 if $>;
    run('cp', '-RH', map({ "$top/$_" } qw(Makefile linker.ld src include iso scripts tests)),
        "$home/closed");
    mkdir "$home/closed/build";
    chmod 0755, $home, "$home/closed", "$home/closed/build";
    my @nobody = ('perl', '-e', '$> = $< = 65534; exec @ARGV', 'make', '-C', "$home/closed");
    ($status, $text) = run(@nobody, 'all');
    ok $status && $text =~ /build can not be written by \w+; expected: make O=DIR/,
        'in a tree of somebody else\'s the reason is named, and the way out' or diag $text;
    is scalar(() = $text =~ /\*\*\*/g), 1, '.. once, and nothing else';
    is +(run(@nobody, 'help'))[0], 0, '.. and what writes nothing works';
}

# -- clang ----------------------------------------------------------------------------------------

SKIP: {
    skip 'clang is not installed', 3 unless `clang --version 2>/dev/null`;
    skip 'clang has no sanitizers, or makes nothing for 32 bits here', 3
        if grep { system "echo 'int main(void) { return 0; }' | clang -x c - -o $home/probe "
            . "$_ 2>/dev/null" } '-m32', '-fsanitize=address,undefined';
    ($status, $text) = run('make', '-j2', "O=$home/clang", 'HOST_CC=clang', 'WERROR=yes', 'lib',
        'build/host/64/cases');
    is $status, 0, 'clang builds the library and the cases' or diag $text;
    unlike $text, qr/warning/, '.. without a warning';
    ($status, $text) = run("$home/clang/build/host/64/cases");
    ok $status == 0 && $text =~ /^plat: \d+ passed, 0 failed$/m, '.. which pass' or diag $text;
}

done_testing;
