#pragma once
#include "tp_network.h"
