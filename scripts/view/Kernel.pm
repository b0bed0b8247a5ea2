# A kernel's ELF file: symbols, and what the loader puts into memory.
package Kernel;

use strict;
use warnings;

use constant { HEADER => 'a16 v2 V5 v6', LOAD => 1, SYMBOLS => 2 };

sub new {
    my ($class, $path) = @_;
    open my $file, '<:raw', $path or die "$path: no kernel: $!\n";
    my $bytes = do { local $/; <$file> } // die "$path: can't be read: $!\n";
    my $self = bless { path => $path, bytes => $bytes, loads => [], symbols => {} }, $class;
    $self->parse or die "$path: no kernel of Plat's; expected: an ELF file of 32 bits with the "
        . "symbols heap_map and owner_looks\n";
    return $self;
}

# COUNT entries of SIZE bytes at OFFSET, each unpacked; nothing where they are not in the file.
sub entries {
    my ($self, $offset, $count, $size, $least, $format) = @_;
    return if $size < $least || $offset + $count * $size > length $self->{bytes};
    return map { [unpack $format, substr $self->{bytes}, $offset + $_ * $size, $size] }
        0 .. $count - 1;
}

sub parse {
    my ($self) = @_;
    return 0 if length $self->{bytes} < 52;
    my ($ident, undef, undef, undef, undef, $segments, $sections, undef, undef, $segment_size,
        $nsegments, $section_size, $nsections) = unpack HEADER, $self->{bytes};
    return 0 if $ident !~ /^\x7fELF\x01\x01/;
    for ($self->entries($segments, $nsegments, $segment_size, 32, 'V8')) {
        my ($type, $offset, undef, $address, $nbytes) = @$_;
        push @{ $self->{loads} }, [$address, $nbytes, $offset] if $type == LOAD;
    }
    my @sections = $self->entries($sections, $nsections, $section_size, 40, 'V10');
    for (@sections) {
        my (undef, $type, undef, undef, $offset, $nbytes, $link, undef, undef, $size) = @$_;
        next unless $type == SYMBOLS && $size && $sections[$link];
        my $names = substr $self->{bytes}, $sections[$link][4], $sections[$link][5];
        for ($self->entries($offset, int($nbytes / $size), $size, 16, 'V3')) {
            next if $_->[0] >= length $names;
            $self->{symbols}{ unpack 'Z*', substr $names, $_->[0], 64 } = [@$_[1, 2]];
        }
    }
    return !grep { !$self->{symbols}{$_} } qw(heap_map owner_looks kernel_text_end
        kernel_rodata_end);
}

# Where NAME stands, and in list context how many bytes it has.
sub symbol {
    my ($self, $name) = @_;
    my $symbol = $self->{symbols}{$name} or die "$self->{path}: has no symbol $name\n";
    return wantarray ? @$symbol : $symbol->[0];
}

# The NBYTES from ADDRESS on as the loader leaves them; undef where the file does not have them.
sub loaded {
    my ($self, $address, $nbytes) = @_;
    for (@{ $self->{loads} }) {
        my ($start, $size, $offset) = @$_;
        return substr $self->{bytes}, $offset + $address - $start, $nbytes
            if $address >= $start && $address + $nbytes <= $start + $size
            && $offset + $size <= length $self->{bytes};
    }
    return undef;
}

# What the kernel draws text with: 16 bytes for each of 256 characters; undef if it has none.
sub glyphs {
    my ($self) = @_;
    return undef unless $self->{symbols}{font_present} && $self->{symbols}{font_glyphs};
    my $present = $self->loaded(scalar $self->symbol('font_present'), 4);
    return undef unless $present && unpack 'V', $present;
    return $self->loaded(scalar $self->symbol('font_glyphs'), 256 * 16);
}

1;
