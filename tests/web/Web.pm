# What the tests of the page need: the page, v86, and the programs that run them.
package Web;

use strict;
use warnings;
use Exporter 'import';
use Fcntl ':flock';

our @EXPORT = qw(skip_unless page page_again v86);

sub skip {
    my ($why) = @_;
    print "1..0 # SKIP $why\n";
    exit 0;
}

# The first of PROGRAMS that is installed; without one the test ends here, skipped by that name.
sub skip_unless {
    my (@programs) = @_;
    for my $program (@programs) {
        return $program if grep { -x "$_/$program" } split /:/, $ENV{PATH};
    }
    skip("$programs[0] is not installed");
}

# What a machine may lack; all else that make-web ends with is an error.
my $LACKS = qr{no npm here|npm did not fetch v86|no \S*/\S+ \(Debian: seabios\)};

# Makes TARGET, one test at a time. Where npm, the network or SeaBIOS is missing there is no page,
# and the test ends here.
sub made {
    my ($target) = @_;
    mkdir 'build';
    open my $lock, '>', 'build/web.lock' or die "build/web.lock: $!";
    flock $lock, LOCK_EX;
    my $said = `SETUP=no make -s $target 2>&1`;
    return $target if $? == 0;
    my ($why) = $said =~ /^make-web: ($LACKS.*)$/m;
    die $said unless $why;
    skip($why);
}

sub page { return made('build/plat.html') }

# The folder with v86, for node: the page brings it along.
sub v86 {
    page();
    return $ENV{V86} || 'build/v86';
}

# The page PAGE made a second time, from the same programs in the same order.
sub page_again {
    my ($page) = @_;
    open my $file, '<', $page or die "$page: $!";
    my @programs = do { local $/; map { "build/user/$_" } <$file> =~ /id="asset-(\S+?)"/g };
    mkdir 'build/tests';
    my $again = 'build/tests/again.html';
    @programs = grep { -e } @programs; # the other assets are no programs
    system("scripts/make-web $again build/plat.elf @programs >/dev/null")
        and die 'the page can not be made twice';
    return $again;
}

1;
