/* The glyphs of text on a picture: build/font.asm, which scripts/font makes of a font's file. */
#ifndef PLAT_DRIVERS_FONT_H
#define PLAT_DRIVERS_FONT_H

#include "drivers/pixels.h"

/* By code page 437, which is what a VGA has in its text mode. */
extern const uint8_t font_glyphs[256][GLYPH_LINES];

/* 0: the machine that built the kernel had no font, and all glyphs are blank. */
extern const uint32_t font_present;

#endif
