#include "lib/string.h"

size_t string_length(const char *text)
{
    size_t length = 0;
    /*@ loop invariant \forall integer i; 0 <= i < length ==> text[i] != 0;
        loop invariant \forall integer n; is_text(text, n) ==> length <= n;
        loop assigns length; */
    while (text[length])
        length++;
    return length;
}

bool string_equal(const char *a, const char *b)
{
    /*@ loop invariant \forall integer n; is_text(\at(a, Pre), n) ==> a - \at(a, Pre) <= n;
        loop invariant \forall integer n; is_text(\at(b, Pre), n) ==> b - \at(b, Pre) <= n;
        loop invariant 0 <= a - \at(a, Pre) == b - \at(b, Pre);
        loop invariant a == \at(a, Pre) + (a - \at(a, Pre)) && b == \at(b, Pre) + (b - \at(b, Pre));
        loop invariant \forall integer i; 0 <= i < a - \at(a, Pre) ==>
            \at(a, Pre)[i] == \at(b, Pre)[i] && \at(a, Pre)[i] != 0;
        loop assigns a, b; */
    while (*a && *a == *b) {
        a++;
        b++;
    }
    /*@ assert *a == \at(a, Pre)[a - \at(a, Pre)] && *b == \at(b, Pre)[a - \at(a, Pre)]; */
    return *a == *b;
}

bool string_starts_with(const char *text, const char *prefix)
{
    /*@ loop invariant \forall integer n; is_text(\at(text, Pre), n) ==> text - \at(text, Pre) <= n;
        loop invariant \forall integer n;
            is_text(\at(prefix, Pre), n) ==> prefix - \at(prefix, Pre) <= n;
        loop invariant 0 <= text - \at(text, Pre) == prefix - \at(prefix, Pre);
        loop invariant text == \at(text, Pre) + (text - \at(text, Pre)) &&
            prefix == \at(prefix, Pre) + (prefix - \at(prefix, Pre));
        loop invariant \forall integer i; 0 <= i < text - \at(text, Pre) ==>
            \at(text, Pre)[i] == \at(prefix, Pre)[i] && \at(prefix, Pre)[i] != 0;
        loop assigns text, prefix; */
    while (*prefix)
        /*@ assert *text == \at(text, Pre)[text - \at(text, Pre)] &&
         *prefix == \at(prefix, Pre)[text - \at(text, Pre)]; */
        if (*text++ != *prefix++)
            return false;
    /*@ assert *prefix == \at(prefix, Pre)[text - \at(text, Pre)]; */
    return true;
}

bool string_contains(const char *text, const char *part)
{
    for (;; text++) {
        if (string_starts_with(text, part))
            return true;
        if (!*text)
            return false;
    }
}

bool string_copy(char *buffer, size_t nbytes, const char *text)
{
    size_t i = 0;
    /*@ loop invariant 0 <= i < nbytes && \forall integer n; is_text(text, n) ==> i <= n;
        loop invariant \forall integer k; 0 <= k < i ==> buffer[k] == text[k] && text[k] != 0;
        loop invariant \exists integer n; is_text(text, n) && is_text{Pre}(text, n);
        loop assigns i, buffer[0 .. nbytes - 1];
        loop variant nbytes - i; */
    for (; i + 1 < nbytes && text[i]; i++)
        buffer[i] = text[i];
    buffer[i] = '\0';
    /*@ assert is_text(buffer, i); */
    return !text[i];
}

/* The value of DIGIT in hexadecimal, or 16. */
/*@ assigns \nothing;
    ensures \result <= 16;
    ensures '0' <= digit <= '9' ==> \result == digit - '0';
    ensures 'a' <= digit <= 'f' ==> \result == digit - 'a' + 10;
    ensures 'A' <= digit <= 'F' ==> \result == digit - 'A' + 10;
    ensures digit == 0 ==> \result == 16; */
static uint32_t digit_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return (uint32_t)(digit - '0');
    if (digit >= 'a' && digit <= 'f')
        return (uint32_t)(digit - 'a' + 10);
    if (digit >= 'A' && digit <= 'F')
        return (uint32_t)(digit - 'A' + 10);
    return 16;
}

/* The shift that a size's suffix stands for; 0 where LETTER is none. */
/*@ assigns \nothing;
    ensures \result == 0 || \result == 10 || \result == 20 || \result == 30;
    ensures letter == 0 ==> \result == 0; */
static unsigned suffix_shift(char letter)
{
    switch (letter) {
    case 'K':
    case 'k':
        return 10;
    case 'M':
    case 'm':
        return 20;
    case 'G':
    case 'g':
        return 30;
    default:
        return 0;
    }
}

bool string_to_number(const char *text, bool suffix, uint32_t *number)
{
    uint32_t base = 10;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        base = 16;
        text += 2;
    }
    if (digit_value(*text) >= base)
        return false;
    uint32_t value = 0;
    for (; digit_value(*text) < base; text++)
        if (__builtin_mul_overflow(value, base, &value) ||
            __builtin_add_overflow(value, digit_value(*text), &value))
            return false;
    unsigned shift = suffix ? suffix_shift(*text) : 0;
    if (shift) {
        if (value > UINT32_MAX >> shift)
            return false;
        value <<= shift;
        text++;
    }
    if (*text)
        return false;
    *number = value;
    return true;
}

size_t string_split(char *text, char **words, size_t capacity)
{
    size_t nwords = 0;
    for (;;) {
        while (*text == ' ' || *text == '\t')
            *text++ = '\0';
        if (!*text || nwords == capacity)
            return nwords;
        words[nwords++] = text;
        if (nwords == capacity)
            return nwords;
        while (*text && *text != ' ' && *text != '\t')
            text++;
    }
}
