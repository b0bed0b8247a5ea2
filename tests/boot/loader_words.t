#!/usr/bin/perl
# The lines that tools read; maps from the BIOS for a loader that gives none; modules; bad words.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use IO::Socket::UNIX;
use Machine;
use Test::More;

# stop=map: the lines, nothing allocated, and out.
my $boot = boot(memory => 128, append => 'stop=map');
is $boot->{status}, OK, 'stop=map leaves';
my @loaders = map { "@$_" } @{ usable_ranges($boot) };
ok @loaders, 'the memory lines have their form';
unlike $boot->{text}, qr/^heap:/m, '.. and nothing was allocated';

my $small_pages = boot(memory => 128, append => 'stop=map pse=no');
is_deeply [map { "@$_" } @{ usable_ranges($small_pages) }], \@loaders,
    '.. nor without pages of 4 MB';

# A BIOS may address its stack by all of ESP: looked at where it is called.
SKIP: {
    skip 'k9: gdb is not installed', 1 if system 'gdb --version >/dev/null 2>&1';
    my $machine = Machine->start(append => 'stop=map map=e820', extra => ['-S']);
    my @said = $machine->gdb('set trust-readonly-sections on',
        'find /b &real_mode_start, &real_mode_end, 0xcd, 0x15',
        'hbreak *((unsigned)$_ - (unsigned)&real_mode_start + 0x7000)', 'continue', 'print/x $esp',
        'delete');
    is $said[4], "\$1 = 0x7000\n", 'k9: the BIOS is called with a whole ESP' or diag @said;
}

# The same machine as the BIOS tells it: E820 must agree with the loader, which asked it too.
$boot = boot(memory => 128, append => 'stop=map map=e820');
like $boot->{text}, qr/^memory: \d+ entries from BIOS E820$/m, 'E820 is asked in real mode';
is_deeply [map { "@$_" } @{ usable_ranges($boot) }], \@loaders, '.. and agrees with the loader';
for my $old (['e801', 'BIOS E801'], ['88', 'BIOS 88h'], ['mem_upper', "the loader's mem_upper"]) {
    $boot = boot(memory => 32, append => "selftest map=$old->[0]");
    like $boot->{text}, qr/^memory: \d+ entries from \Q$old->[1]\E$/m, "map=$old->[0]";
    ok passed_selftest($boot), '.. self-tests pass' or diag $boot->{text};
    is usable_ranges($boot)->[-1][1], 32 * (1 << 20) - 0x20000, '.. and the top is right';
}
for my $machine (qw(isapc q35)) {
    $boot = boot(machine => $machine, append => 'selftest=kheap map=e820');
    like $boot->{text}, qr/^memory: \d+ entries from BIOS E820$/m, "E820 on $machine";
    ok passed_selftest($boot), '.. self-tests pass' or diag $boot->{text};
}

# Firmware that is no BIOS is not called.
$boot = boot(machine => 'microvm', append => 'selftest=kheap map=e820',
    extra => ['-bios', 'qboot.rom']);
like $boot->{text}, qr/^memory: no BIOS is there to ask for a map\nmemory: 1 entries from the loader's mem_upper$/m,
    'E820 without a BIOS: said';
ok passed_selftest($boot), '.. self-tests pass' or diag $boot->{text};

$boot = boot(append => 'map=none');
is $boot->{status}, PANIC, 'no map at all: does not go on';
like $boot->{text}, qr/^panic: no memory map: neither the loader nor the BIOS says what is RAM$/m,
    '.. and why';

# A loader that is not Multiboot's.
$boot = boot(kernel => 'build/tests/wrong-magic.elf');
is $boot->{status}, PANIC, 'wrong magic: does not go on';
is $boot->{text}, 'plat: EAX holds neither 0x2BADB002 nor 0x36D76289: start me with a Multiboot loader',
    '.. and why';

# .. and the same on the screen, read back through QEMU's monitor.
my $socket = "build/tests/magic.$$";
my $screen = '';
boot(kernel => 'build/tests/wrong-magic.elf', exit_device => 0,
    extra => ['-monitor', "unix:$socket,server=on,wait=off"],
    script => [[qr/Multiboot loader/, sub {
        my ($pid) = @_;
        my $monitor = IO::Socket::UNIX->new(Peer => $socket) or return kill 'KILL', $pid;
        print $monitor "xp /24xb 0xb8000\n";
        while (<$monitor>) {
            $screen .= $1 while /0x([0-9a-f]{2})(?![0-9a-f])/g;
            last if /^0*b8010:/;
        }
        kill 'TERM', $pid;
    }]]);
unlink $socket;
my $letters = join '', map { chr hex } $screen =~ /(..)4f/g;
like $letters, qr/^plat: EAX ho/, '.. on the screen too';

# Modules behind the kernel, as QEMU places them.
my $module = 'build/tests/module';
mkdir 'build/tests';
open my $file, '>', $module or die "$module: $!";
print $file 'x' x 5000;
close $file;
$boot = boot(append => 'selftest=kheap', modules => "$module one,$module two words");
ok passed_selftest($boot), 'two modules: self-tests pass' or diag $boot->{text};
my @modules = $boot->{text} =~ /^boot: module 0x([0-9a-f]{8})-0x([0-9a-f]{8}) "\S+ (.*)"$/mg;
is_deeply [@modules[2, 5]], ['one', 'two words'], '.. named';
is hex($modules[1]) - hex($modules[0]), 5000, '.. whole';
ok usable_ranges($boot)->[0][0] >= hex($modules[4]), '.. and left alone';

# Names of programs: behind a long path, too long, none at all, one that is there already.
sub copy_of_hello {
    my ($path) = @_;
    my $folder = '';
    $folder .= "$_/", mkdir $folder for split m{/}, $path =~ s{/[^/]*$}{}r;
    system('cp', 'build/user/hello.elf', $path) == 0 or die $path;
    return $path;
}
my $long = 'n' x 40;
my @files = map { copy_of_hello("build/tests/$_") } 'a_folder/' x 8 . 'some.elf', "$long.elf",
    'a_folder/' x 8 . "$long.elf", 'other/some.elf';
$boot = boot(modules => join(',', @files), script => [map { [qr/plat> /, "$_\r"] } 'programs',
    'run some', 'run ' . 'n' x 31, 'poweroff']);
like $boot->{text}, qr/^boot: module \S+ "some\.elf"$/m, 'c21: the last part of a long path is kept';
like $boot->{text}, qr/^plat> run some\nHello from ring 3/m, '.. and is a name to run';
is scalar(() = $boot->{text} =~ /^boot: the name of module [23] is longer than 31 characters and is cut to n{31}$/mg),
    2, '.. a name that is too long is said to be';
like $boot->{text}, qr/^plat> run n{31}\nHello from ring 3/m, '.. and what is left of it runs';
like $boot->{text}, qr/^boot: module 4 is called some, as module 1 is, which is the one that runs$/m,
    '.. and that there is another of that name';

$boot = boot(iso => make_iso('nameless', <<'LINES', 'build/user/hello.elf'),
multiboot /boot/plat.elf
module /boot/hello.elf
module /boot/hello.elf hello
LINES
    script => [map { [qr/plat> /, "$_\r"] } 'run module1', 'run hello', 'poweroff']);
like $boot->{text}, qr{^boot: module \S+ ""\nboot: module 1 has no name and is called module1; a name stands behind the file: module /boot/FILE NAME$}m,
    'c19: a module without a name gets one, and how to give it another is said';
like $boot->{text}, qr/^plat> run $_\nHello from ring 3/m, ".. $_ runs" for 'module1', 'hello';
unlike $boot->{text}, qr/^boot: module 2/m, '.. and nothing is said of one with a name';

# Wrong words, each with what was expected, also where GRUB leaves out the kernel's name.
my @wrong = (['selftset'], ['heap=buddy', 'block, free_list or best_fit'],
    ['stop=soon', 'map or prompt'], ['console=both', 'all, text or serial'],
    ['heap_size=5G', 'a number like 64M, below 4G'], ['pse=off', 'yes or no'],
    ['heap_guard=0', 'no value, or a number from 1 on'], ['heap_panic=1', 'no value']);
sub said {
    my ($word, $expected) = @_;
    return $expected ? "boot: $word is ignored; expected: $expected"
        : qq(boot: unknown word "$word" on the command line, ignored);
}
my @lines = map { said(@$_) } @wrong;
my $words = join ' ', map { $_->[0] } @wrong;
$boot = boot(append => "$words stop=map");
is_deeply [$boot->{text} =~ /^(boot: .* ignored.*)$/mg], \@lines, 'c15: wrong words are named';
for my $first (@wrong) {
    next if $first->[0] =~ /^(?:stop|pse|console)=/; # one of each kind
    $boot = boot(iso => make_iso('words', "multiboot /boot/plat.elf $first->[0] stop=map"));
    is_deeply [$boot->{text} =~ /^(boot: .* ignored.*)$/mg], [said(@$first)],
        "c15: GRUB's first word: $first->[0]";
}
$boot = boot(iso => make_iso('words', <<'LINES'));
multiboot /boot/plat.elf heap.size=64M stop.map "heap=block pse=off"  'self test' heap=free_list heap=frelist stop=map
LINES
is_deeply [$boot->{text} =~ /^(boot: .* ignored.*)$/mg], [map { said(@$_) } ['heap.size=64M'],
    ['stop.map'], ['"heap=block'], ['pse=off"', 'yes or no'], ['"self'], ['test"'],
    ['heap=frelist', 'block, free_list or best_fit']],
    'c15: .. and others of GRUB\'s, with quotes';

# More words than are named; a line that is cut within one.
$boot = boot(append => join ' ', ('x') x 20, 'stop=map');
like $boot->{text}, qr/(?:^boot: unknown word "x" .*\n){16}^boot: 4 more words of the command line are ignored$/m,
    'twenty wrong words';
my $name = 'build/plat.elf ';
my $line = 'stop=map heap=best_fit ';
$boot = boot(append => $line . ' ' x (2047 - length("$name$line") - 12) . 'heap_size=64M');
like $boot->{text}, qr/^boot: heap_size=64 is ignored: the command line was cut there$/m,
    'c16: a cut word is named';
like $boot->{text}, qr/^boot: loader qemu, command line "\Q$name$line\E.*" \(cut\)$/m, '.. and the line';
is $boot->{status}, OK, '.. and the words before it are obeyed';
$boot = boot(append => ' ' x (2047 - length($name) - 8) . 'stop=map');
is $boot->{status}, OK, 'a line of 2,047 characters is read to its end';
unlike $boot->{text}, qr/\(cut\)| ignored/, '.. and nothing is cut';

$boot = boot(append => 'selftest=no_such_case');
is $boot->{status}, FAILED, 'a pattern that matches nothing is a failure';
like $boot->{text}, qr/^1\.\.0 # SKIP no self-test has "no_such_case" in its name$/m, '.. and said';
like $boot->{text}, qr/^plat: 0 passed, 0 failed$/m, '.. with the closing line';

done_testing;
