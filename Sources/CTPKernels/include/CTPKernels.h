#pragma once
#include "tp_crc32.h"
