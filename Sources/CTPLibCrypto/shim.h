#pragma once
// SHA-256 by its own functions: the digest interface would load providers and a configuration file,
// which cost every start more than the hashing. They are called deprecated for that interface's sake.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/sha.h>
