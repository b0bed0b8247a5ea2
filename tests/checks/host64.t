#!/bin/sh
# The cases on the host, 64 bits, with address and undefined-behaviour sanitizers.
exec build/host/64/cases
