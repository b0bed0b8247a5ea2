; far_screen.asm, with little room for what is to be mapped.
%define NARROW
%include "tests/boot/far_screen.asm"
