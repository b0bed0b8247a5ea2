#!/usr/bin/perl
# What visitors do to the page besides what it proposes, in headless Chromium.
use strict;
use warnings;
use lib 'tests/web';
use Web;

my $chromium = skip_unless('chromium', 'chromium-browser', 'google-chrome');
my $node = skip_unless('node', 'nodejs');
exec $node, 'tests/web/visitors.mjs', $chromium, page() or die "$node: $!";
