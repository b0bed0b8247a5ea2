#!/bin/sh
# Millions of operations on the host, 32 bits.
exec build/fast/32/stress
