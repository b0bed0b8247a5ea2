#!/bin/sh
# Millions of operations on the host, 64 bits.
exec build/fast/64/stress
