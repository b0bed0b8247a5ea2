#!/usr/bin/perl
# The page in headless Chromium.
use strict;
use warnings;
use lib 'tests/web';
use Web;

my $chromium = skip_unless('chromium', 'chromium-browser', 'google-chrome');
my $node = skip_unless('node', 'nodejs');
my $page = page();
exec $node, 'tests/web/page.mjs', $chromium, $page, page_again($page), 'build/user/hello.elf'
    or die "$node: $!";
