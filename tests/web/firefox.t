#!/usr/bin/perl
# The page in Firefox.
use strict;
use warnings;
use lib 'tests/web';
use Web;

my $firefox = skip_unless('firefox', 'firefox-esr');
my $node = skip_unless('node', 'nodejs');
exec $node, 'tests/web/firefox.mjs', $firefox, page() or die "$node: $!";
