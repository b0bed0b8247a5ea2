#!/usr/bin/perl
# libplatheap as its users meet it: installed, found by pkg-config, used from another folder by the
# README's own lines; and what a linker would hold against it.
use strict;
use warnings;
use Cwd 'getcwd';
use File::Temp 'tempdir';
use Test::More;

my $top = getcwd();
my $folder = tempdir(CLEANUP => 1);

for my $library ('libplatheap.a', 'libplatheap32.a') {
    my ($nothing, %parts) = split /^(platheap\w*)\.o:$/m, `nm build/host/$library`;
    is join(' ', sort keys %parts), 'platheap platheap_growing platheap_watch', "$library has three parts";
    for my $part (sort keys %parts) {
        my @defined = grep { !/^platheap_block_heap_/ } $parts{$part} =~ / [TDRBC] (\w+)$/mg;
        my @needed = grep { !/^(_GLOBAL_OFFSET_TABLE_|platheap_.*)$/ } $parts{$part} =~ / U (\w+)$/mg;
        open my $file, '<', "include/$part.h" or die $!;
        my $header = do { local $/; <$file> };
        is join(' ', sort @defined), join(' ', sort $header =~ /^[\w ]+[ *](platheap_\w+)\(/mg),
            "$part defines what its header declares, and no other name";
        # D16: what a header says that it needs is all.
        is join(' ', sort @needed), 'memcpy ' . ($part =~ /growing/ ? 'memmove ' : '') . 'memset',
            '.. and needs no function but these of memory';
    }
}

# D17: each C since 1999. D5: a long of 32 bits beside pointers of 64, as Windows has it.
my @ways = map { "gcc -std=$_" } qw(c99 c11 c17 c2x);
my $windows = 'x86_64-w64-mingw32-gcc';
push @ways, "$windows -std=c11 -Wconversion" unless system "command -v $windows >/dev/null";
for my $way (@ways) {
    my $said = join '', map { `$way -O1 -Wall -Wextra -ffreestanding -Iinclude -Isrc -c -o $folder/o $_ 2>&1` }
        glob 'src/memory/heap/*.c src/memory/growing/*.c src/memory/debug/*.c';
    is $said, '', "$way has nothing to say";
}

delete $ENV{DESTDIR};
is system("umask 077; scripts/install-lib $folder/usr >/dev/null"), 0, 'it installs under a prefix';
is `cd $folder && find usr ! -perm 644 -type f -o ! -perm 755 -type d`, '', '.. for everybody to read';
like `scripts/install-lib relative/path 2>&1`, qr/PREFIX 'relative\/path' is no absolute path; exp/,
    '.. which must be absolute';
like `scripts/install-lib '/a#b' 2>&1`, qr/^install-lib: pkg-config reads '\/a#b' as .*; expected/,
    '.. and one that pkg-config can read';

# As packages are made: the files lie elsewhere, and know nothing of it.
is system("DESTDIR=$folder/root scripts/install-lib /opt/plat >/dev/null"), 0, 'DESTDIR is obeyed';
is `cd $folder && diff -r usr root/opt/plat | grep '^[<>]' | sort -u`,
    "< prefix=$folder/usr\n> prefix=/opt/plat\n", '.. and stands in none of the files';
like `DESTDIR=here scripts/install-lib /usr 2>&1`, qr/DESTDIR 'here' is no absolute path; expected/,
    '.. it must be absolute as well';

# The program and the commands that the README shows, in a folder of their own.
open my $readme, '<', 'README.md' or die $!;
my $text = join '', <$readme>;
my ($program) = $text =~ /^((?:    [^\n]*\n|\n)+)(?=\nKept as `example.c`)/m;
my ($commands) = $text =~ /^Kept as `example.c`[^\n]*:\n\n((?:    [^\n]*\n)+)/m;
ok $program && $commands, 'the README shows a program and how to build it' or BAIL_OUT('no example');
s/^    //mg for $program, $commands;
$commands =~ s/^make install-lib.*\n//m;
open my $example, '>', "$folder/example.c" or die $!;
print $example $program;
close $example;
for my $bits ('', '32') {
    (my $build = $commands) =~ s/platheap\)/platheap$bits)/g;
    my $output = `cd $folder && PKG_CONFIG_PATH=$folder/usr/lib/pkgconfig sh -e -c '$build' 2>&1`;
    my $status = $?;
    SKIP: {
        skip 'Linux runs no 32-bit programs here', 2 if $bits && system 'scripts/runs-32-bit';
        is $status, 0, 'the README\'s lines build and run' . ($bits && ', 32 bits')
            or diag substr $output, 0, 500;
        like $output, qr/^double free: -104$/m, '.. and see a double free';
    }
}

# Its other header, alone, as each language reads it; and the watch is linked by who calls it.
for my $way ((map { "gcc -x c -std=$_" } qw(c99 c11 c17 c2x)), map { "g++ -x c++ -std=$_" } qw(c++98 c++20)) {
    SKIP: {
        skip "$way is not installed", 1 if system(($way =~ /(\S+)/)[0] . ' --version >/dev/null 2>&1');
        is `echo '#include <platheap_watch.h>' | $way -Wall -Wextra -Wpedantic -I$folder/usr/include -fsyntax-only - 2>&1`,
            '', "$way reads platheap_watch.h";
    }
}
(my $watching = $program) =~ s/(#include <platheap)(.h>)\n(.*\n)/$1$2\n$1_watch$2\n$3
static void found(void *context, const struct platheap_finding *finding)
{
    (void)context;
    printf("found: %s\\n", platheap_finding_text(finding));
}\n/;
$watching =~ s/(    char \*text)/    struct platheap_watch_options watch = {PLATHEAP_WATCH_ALL, found};
    if (!platheap_watch(heap, &watch))
        return 2;\n$1/;
open my $watched, '>', "$folder/watching.c" or die $!;
print $watched $watching;
close $watched;
my $compile = "cd $folder && cc -Iusr/include -Lusr/lib";
is system("$compile example.c -lplatheap -o example && $compile watching.c -lplatheap -o watching"),
    0, 'a program is linked with the watch';
like `$folder/watching`, qr/^found: was refused: already free\ndouble free: -104$/m, '.. and is told';
like `nm $folder/watching`, qr/ platheap_watch$/m, '.. which is in it';
unlike `nm $folder/example`, qr/watch/, '.. and not in one that does not call it';

# Blanks and a quote in the prefix: pkg-config escapes them, for a shell or a make that looks.
system(qq(scripts/install-lib "$folder/it's a prefix" >/dev/null)) == 0 or die;
my $output = `cd $folder && PKG_CONFIG_PATH="$folder/it's a prefix/lib/pkgconfig" sh -ec '
    eval "cc example.c \$(pkg-config --cflags --libs platheap) -o blanks" && ./blanks' 2>&1`;
like $output, qr/^double free: -104$/m, 'a prefix with blanks in it can be used';

# D18: a compiler for a machine that has but one width, as Cortex-M and rv32 have.
sub built_by {
    my ($host_cc, @goals) = @_;
    my $said = `make --no-print-directory O=$folder/one HOST_CC='$host_cc' @goals 2>&1`;
    return ($?, $said);
}
open my $wrapper, '>', "$folder/one-width-gcc" or die $!;
print $wrapper "#!/bin/sh\nfor a; do\n[ \"\$a\" != -m32 ] || { echo \"\$0: error: unrecognized "
    . "command-line option '-m32'\" >&2; exit 1; }\ndone\nexec gcc \"\$@\"\n";
close $wrapper;
chmod 0755, "$folder/one-width-gcc";
my ($status, $said) = built_by("$folder/one-width-gcc", 'install-lib', "PREFIX=$folder/one/usr");
is $status, 0, 'D18: a compiler without -m32 makes and installs a library' or diag $said;
like $said, qr/^lib: libplatheap.a is for \S+; no libplatheap32.a: \S+ has no -m32$/m, '.. one';
is `cd $folder/one/usr/lib && echo *.a pkgconfig/*`, "libplatheap.a pkgconfig/platheap.pc\n",
    '.. and no other is installed';
($status, $said) = built_by("$folder/one-width-gcc", 'build/host/libplatheap32.a');
ok $status, '.. which can not be made';
like $said, qr/^\S+libplatheap32.a: \S+ has no -m32; expected: /m, '.. and that is said';
for my $host_cc ('arm-none-eabi-gcc -mcpu=cortex-m0', 'riscv64-unknown-elf-gcc -march=rv32imac -mabi=ilp32') {
    my ($name) = $host_cc =~ /^(\S+)-gcc/;
  SKIP: {
        skip "$name-gcc is not installed", 2 if system "command -v $name-gcc >/dev/null";
        ($status, $said) = built_by($host_cc, 'WERROR=yes', 'lib');
        is $status, 0, "D18: $name-gcc makes one" or diag $said;
        my @interface = map { join ' ', sort `$_` =~ / T (\w+)$/mg } 'nm build/host/libplatheap.a',
            "$name-nm $folder/one/build/host/libplatheap.a";
        is $interface[1], $interface[0], '.. with the same interface';
    }
}

# The other header, in a program that has both: either may be included alone, or first.
for my $headers ('growing', 'growing heap', 'heap growing') {
    my $source = join '', map { '#include <platheap' . ($_ eq 'growing' ? '_growing' : '') . ".h>\n" }
        split / /, $headers;
    $source .= <<'C';
static char region[1 << 17];
int main(void)
{
    struct platheap_growing *heap =
        platheap_growing_create(region, sizeof region, PLATHEAP_BEST_FIT, 0);
    void *text = platheap_growing_malloc(heap, 100), *behind = platheap_growing_malloc(heap, 1);
    return !behind || platheap_growing_free(heap, text) != 0 ||
           platheap_growing_free(heap, text) != PLATHEAP_GROWING_ALREADY_FREE;
}
C
    open my $file, '>', "$folder/growing.c" or die $!;
    print $file $source;
    close $file;
    for my $language ('c -std=c99', 'c++ -std=c++98') {
        SKIP: {
            skip 'g++ is not installed', 1 if $language =~ /\+/ && system 'command -v g++ >/dev/null';
            my $said = `cd $folder && PKG_CONFIG_PATH=$folder/usr/lib/pkgconfig sh -ec '
                gcc -Wall -Wextra -Werror -c -x $language growing.c \$(pkg-config --cflags platheap)
                gcc growing.o \$(pkg-config --libs platheap) -o growing && ./growing' 2>&1`;
            is "$? $said", '0 ', "$headers, as $language: is used";
        }
    }
}
# Who does not call it does not have it.
unlike `nm $folder/example`, qr/platheap_growing/, 'a program has only the part that it calls';

# CMake finds it, too.
SKIP: {
    skip 'cmake is not installed', 1 if system 'command -v cmake >/dev/null 2>&1';
    open my $lists, '>', "$folder/CMakeLists.txt" or die $!;
    print $lists "cmake_minimum_required(VERSION 3.10)\nproject(example C)\nfind_package(platheap "
        . "REQUIRED)\nadd_executable(example example.c)\ntarget_link_libraries(example "
        . "platheap::platheap)\n";
    close $lists;
    $output = `cd $folder && cmake -DCMAKE_PREFIX_PATH=$folder/usr -S . -B cmake 2>&1 && cmake --build cmake 2>&1 && cmake/example 2>&1`;
    like $output, qr/^double free: -104$/m, 'a CMake package' or diag $output;
}

# Meson does: what is installed, by pkg-config; and the tree itself, as a subproject.
my ($meson) = do { local (@ARGV, $/) = 'src/memory/heap/meson.build'; <> };
is join(' ', $meson =~ m{'(src/memory/heap/\w+\.c)'}g), join(' ', sort glob 'src/memory/heap/*.c'),
    'meson.build names the sources of the library';
SKIP: {
    skip 'meson or ninja is not installed', 3
        if system 'command -v meson >/dev/null && command -v ninja >/dev/null';
    mkdir $_ for "$folder/meson", "$folder/meson/subprojects", "$folder/meson/subprojects/plat";
    symlink "$top/$_", "$folder/meson/subprojects/plat/$_" for qw(src include);
    symlink 'src/memory/heap/meson.build', "$folder/meson/subprojects/plat/meson.build";
    system 'cp', "$folder/example.c", "$folder/meson/" and die;
    open my $project, '>', "$folder/meson/meson.build" or die $!;
    print $project "project('example', 'c')\nexecutable('example', 'example.c', dependencies: "
        . "dependency('platheap', fallback: 'plat'))\n";
    close $project;
    my $pkg_config = "PKG_CONFIG_PATH=$folder/usr/lib/pkgconfig";
    for my $way ([installed => $pkg_config, '--wrap-mode=nofallback'],
                 [subproject => '', '--wrap-mode=forcefallback']) {
        my ($name, $environment, $option) = @$way;
        $output = `cd $folder/meson && $environment meson setup $option $name 2>&1 && ninja -C $name 2>&1 && $name/example 2>&1`;
        like $output, qr/^double free: -104$/m, "meson, $name" or diag $output;
    }
    unlike $output, qr/warning:/, '.. without a warning';
}

# The manual page has each function that the header has, and nobody finds fault with it.
my $page = "$folder/usr/share/man/man3/platheap.3";
my ($text_of_page) = do { local (@ARGV, $/) = $page; <> };
my ($header) = do { local (@ARGV, $/) = 'include/platheap.h'; <> };
is join(' ', sort $text_of_page =~ /^\.SS (platheap_\w+)$/mg),
    join(' ', sort $header =~ /^\w[^\n]*?\b(platheap_\w+)\(/mg), 'platheap(3) has all functions';
for my $tool ('groff -man -Tutf8 -ww -z', 'mandoc -Tlint', 'man --warnings -l') {
    my ($name) = split / /, $tool;
  SKIP: {
        skip "$name is not installed", 1 if system "command -v $name >/dev/null";
        my $quiet = $name eq 'man' ? '>/dev/null' : '';
        is `LC_ALL=C.UTF-8 $tool $page 2>&1 $quiet`, '', ".. and $name has nothing to say";
    }
}

done_testing;
