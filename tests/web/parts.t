#!/usr/bin/perl
# The page's parts that need no browser: the terminal, the readers of guest memory, what is inside
# of blocks, and the prompt of the PC.
use strict;
use warnings;
use lib 'tests/web';
use Web;

my $node = skip_unless('node', 'nodejs');
exec $node, 'tests/web/parts.mjs', 'src/web' or die "$node: $!";
