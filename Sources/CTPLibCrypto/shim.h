#pragma once
// SHA-256 by its own functions: the digest interface loads providers and a configuration file, and
// linked in would bring them all. They are called deprecated for that interface's sake.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/sha.h>
