/*
 * A text as a QR code, which a telephone's camera reads (ISO/IEC 18004:2015, Model 2, byte mode):
 * from a machine whose only way out is its screen, a photograph carries it away. Pure.
 */
#ifndef PLAT_LIB_QR_H
#define PLAT_LIB_QR_H

#include "lib/types.h"

enum {
    QR_VERSION_MOST = 25,                    /* of the standard's 40 */
    QR_SIDE_MOST = 17 + 4 * QR_VERSION_MOST, /* modules */
    QR_BYTES_MOST = 1273,                    /* of text, in the largest at the lowest level */
    QR_QUIET = 4,                            /* light modules that have to be on each side */
    QR_MASKS = 8
};

/* How much of a code may be unreadable: about 7, 15, 25 and 30 % of its codewords. */
enum qr_level { QR_LOW, QR_MEDIUM, QR_QUARTILE, QR_HIGH, QR_LEVELS };

enum { QR_PLANE_BYTES = (QR_SIDE_MOST * QR_SIDE_MOST + 7) / 8, QR_WORDS_MOST = 1588 };

struct qr {
    unsigned version, mask;
    enum qr_level level;
    uint32_t side;                 /* modules */
    uint8_t dark[QR_PLANE_BYTES];  /* a bit a module, row by row: qr_dark() */
    uint8_t fixed[QR_PLANE_BYTES]; /* working space: those that hold no codewords */
    uint8_t words[QR_WORDS_MOST];  /* .. and these */
};

/*
 * The smallest version, and the highest level of it, that holds the NBYTES of TEXT; NBYTES may be 0
 * to QR_BYTES_MOST. Of the eight masks the one of the fewest penalties (section 7.8.3; what lies
 * beyond the edge counts as light). False, and *QR as it was, where no version up to VERSION_MOST,
 * which is 1 to QR_VERSION_MOST, has the room. Some 15 million instructions for the largest.
 */
MUST_USE bool qr_encode(struct qr *qr, const void *text, size_t nbytes, unsigned version_most);

/* The same with all three chosen by the caller; MASK is 0 to 7. A few million instructions. */
MUST_USE bool qr_encode_as(struct qr *qr, const void *text, size_t nbytes, unsigned version,
                           enum qr_level level, unsigned mask);

/* The most bytes that a code of VERSION and LEVEL holds. */
size_t qr_room(unsigned version, enum qr_level level);

/* Whether the module is dark; what lies beyond the code is not. */
static inline bool qr_dark(const struct qr *qr, uint32_t row, uint32_t column)
{
    uint32_t place = row * qr->side + column;
    return row < qr->side && column < qr->side && (qr->dark[place / 8] >> place % 8 & 1);
}

#endif
