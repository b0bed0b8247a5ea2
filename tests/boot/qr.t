#!/usr/bin/perl
# Reports as QR codes: what zbar reads off a picture of the screen is what the serial line says.
use strict;
use warnings;
use lib 'tests/boot';
use Boot;
use Screen;
use Test::More;

plan skip_all => 'zbarimg (zbar-tools) is not installed' if system 'command -v zbarimg >/dev/null 2>&1';

my $prompt = qr/^plat> /m;
my $shown = qr/until a key is pressed/;

# The text of the one code in the picture at PATH; '' where there is none.
sub read_code {
    my ($path) = @_;
    return '' unless defined $path && -s $path;
    return `zbarimg --raw -q -Sdisable -Sqrcode.enable '$path' 2>/dev/null` =~ s/\n\z//r;
}

# The sum of the kernel's text and constants, which the link left.
sub image_sum {
    my ($sum) = map { /^([0-9a-f]+) . kernel_image_sum$/m ? hex $1 : () } `nm $_[0]`;
    return $sum // 0;
}

# What the code has to be, worked out from what sysinfo, lspci and the self-tests said.
my %short = ('usable RAM' => 'ram', 'below 1 MB' => 'low', reserved => 'res', 'ACPI tables' => 'acpi',
    'ACPI NVS' => 'nvs', 'bad RAM' => 'bad', q(loader's data) => 'loader', q(kernel's log) => 'log');
sub expected_report {
    my ($text, $kernel) = @_;
    my ($sysinfo, $lspci) = $text =~ /^plat> sysinfo\n(.*?)^plat> lspci\n(.*?)^plat> /ms or return 'none';
    my ($cpu, $signature, $has) = $sysinfo =~ /^cpu: (.*?), signature (\w+)(.*)$/m;
    my %has = map { $_ => 1 } split /, /, $has;
    my ($firmware) = $sysinfo =~ /^(firmware: .*?), \d+ tables/m;
    my ($loader, $line) = $sysinfo =~ /^boot: loader (.*), command line (".*")$/m;
    my ($serial, $screen, $keys) = $sysinfo =~ /^console: serial (\w+), text screen (.*), keyboard (\w+)$/m;
    $screen = $screen =~ /(framebuffer \w+)/ ? $1 : 'text screen';
    my ($usable) = $sysinfo =~ /usable in all +(\d+) K/;
    my ($source) = $sysinfo =~ /entries from (.*)$/m;
    my ($blocks) = $sysinfo =~ /^heap: (\d+) blocks.*sound$/m;
    my ($tests) = $sysinfo =~ /^(self-tests: .*)$/m;
    my @failed = map { "failed: $_" } $text =~ /^not ok \d+ - (\S+)/mg;
    my %class = map { /^  (\S+)/ ? ($1 => 1) : () } split /\n/, $lspci;
    my @devices = $lspci =~ /^  \S+  (\w{4}:\w{4})/mg;
    my ($end, @map) = (0);
    for ($sysinfo =~ /^  (0x\w+  0x\w+ +\d+ K  .*)$/mg) {
        my ($from, $to, $kind) = /^0x0*(\w*?)000  0x0*(\w*?)000 +\d+ K  (.*)$/;
        $from = '0' if $from eq '';
        push @map, "$end none" if hex $from > hex $end;
        push @map, "$from " . ($short{$kind} // $kind);
        $end = $to;
    }
    return join "\n", 'Plat ' . image_sum($kernel), $tests, @failed, "cpu: $cpu, $signature"
        . ($has{'4 MB pages'} ? ' pse' : '') . ($has{TSC} ? ' tsc' : '') . ($has{PAT} ? ' pat' : ''),
        $firmware, "boot: $loader $line", "console: serial $serial, keyboard $keys, $screen",
        "memory: $usable K usable, by $source; heap $blocks blocks, sound", "pci: @devices",
        "map: @map", '';
}

# Classes are words in lspci's lines and numbers in the code.
sub without_classes { return $_[0] =~ s/(?<= \w{4}:\w{4})-\w{4}//gr }

my @asked = ([$prompt, "sysinfo\r"], [$prompt, "lspci\r"], [$prompt, "sysinfo qr\r"]);
my $boot = shoot([@asked, $shown], end => "x\rpoweroff\r", vga => 1);
is without_classes(read_code($boot->{path})), expected_report($boot->{text}, 'build/plat.elf'),
    'a text screen: what zbar reads is what sysinfo and lspci say';
like read_code($boot->{path}), qr/^pci: 8086:1237-0600 /m, '.. with the class of each device';
is $boot->{status}, 0, '.. a key ends it, and the shell goes on';

# Text comes back as it was.
$boot = shoot([[$prompt, "heap\r"], [$prompt, "sysinfo qr\r"], [$shown, sub { }], [qr//, 'x'], $prompt],
    vga => 1);
shows_the_text($boot, '.. and the text is there again', 1, until_prompt($boot, 3));

$boot = shoot([@asked, $shown], end => "x\rpoweroff\r", extra => ['-vga', 'none']);
like $boot->{text}, qr/but there is no screen that shows it; sysinfo and lspci say the same$/m,
    'without a screen it says so';

for my $mode ('1024x768x32', '1600x1200x32', '640x480x16') {
    $boot = shoot([@asked, $shown], end => "x\rpoweroff\r",
        iso => picture_iso("code-$mode", $video, $mode, '', 'i386-pc'));
    is without_classes(read_code($boot->{path})), expected_report($boot->{text}, $video),
        "$mode: what zbar reads is what sysinfo and lspci say";
}

# -- After self-tests -----------------------------------------------------------------------------

# Beside the verdict, and gone with the next command.
my $iso = picture_iso('verdict', $video, '1024x768x32', 'selftest=block_heap', 'i386-pc');
$boot = shoot([$prompt], end => "sysinfo\rlspci\r\rpoweroff\r", exit_device => 0, iso => $iso);
my $told = without_classes(read_code($boot->{path}));
is $told, expected_report($boot->{text}, $video), 'beside the verdict: its report';
like $told, qr/^self-tests: \d+ passed, 0 failed$/m, '.. with how they ended';
SKIP: {
    skip "no font of $font (fonts-spleen)", 2 unless -r $font;
    shows_the_text($boot, '.. no text is lost for it', 1, with_verdict(until_prompt($boot, 1), 128));
    $boot = shoot([[$prompt, "heap\r"], $prompt], exit_device => 0, iso => $iso);
    is read_code($boot->{path}), '', '.. and the next command ends it';
}

# On a text screen after a key, for who sits in front of it.
$boot = shoot([[qr/^plat: \d+ passed/m, ' '], [qr//, sub { select undef, undef, undef, 1 }], [qr//, ' '],
    qr//], end => "xsysinfo\rlspci\r\rpoweroff\r", exit_device => 0, vga => 1,
    append => 'selftest=slab pages');
is without_classes(read_code($boot->{path})), expected_report($boot->{text}, 'build/plat.elf'),
    'a text screen: the report after a key';

# -- Panics ---------------------------------------------------------------------------------------

# The words from "panic:" on, without what only aligns them.
sub expected_panic {
    my ($text, $kernel) = @_;
    my ($words) = $text =~ /^(panic: .*)\z/ms;
    return 'Plat ' . image_sum($kernel) . "\n" . $words =~ s/^ +//mgr =~ s/ +/ /gr;
}

$boot = shoot([[$prompt, "fault null\r"], qr/the machine stands still\r\n/], end => 'kill', exit_device => 0,
    iso => picture_iso('panic-code', $video, '1024x768x32', '', 'i386-pc'));
is read_code($boot->{path}), expected_panic($boot->{text}, $video), 'a panic: its words, in a code';
SKIP: {
    skip "no font of $font (fonts-spleen)", 1 unless -r $font;
    shows_the_text($boot, '.. beside its text', 1, $boot->{text});
}

# On a text screen they take turns.
my ($socket, $path, $code, $turns) = ("$directory/qmp.panic", "$directory/panic.ppm", '', 0);
$boot = boot(exit_device => 0, extra => ['-qmp', "unix:$socket,server=on,wait=off"],
    script => [[$prompt, "fault text\r"], [qr/the machine stands still\r\n/, sub {
        for (my $until = time + 240; time < $until;) {
            screendump($socket, $path);
            my $now = read_code($path);
            $turns++ if ($now ne '') != ($turns % 2);
            $code ||= $now;
            last if $turns == 3;
            select undef, undef, undef, 0.7;
        }
        kill 'KILL', shift;
    }]]);
is $code, expected_panic($boot->{text}, 'build/plat.elf'), 'a panic on a text screen: the same';
is $turns, 3, '.. text and code take turns';

done_testing;
