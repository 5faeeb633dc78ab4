#pragma once
#include "tp_crc32.h"
#include "tp_network.h"
