// SPDX-License-Identifier: BSD-3-Clause
#include "gateway/core/counters.hpp"

namespace mqttsn::gateway {

void count_drop(Counters& counters, DecodeError error) {
    switch (error) {
        case DecodeError::none:
            break;
        case DecodeError::truncated:
            ++counters.dropped_truncated;
            break;
        case DecodeError::length_mismatch:
            ++counters.dropped_length_mismatch;
            break;
        case DecodeError::unknown_type:
            ++counters.dropped_unknown_type;
            break;
        case DecodeError::wrong_direction:
            ++counters.dropped_wrong_direction;
            break;
        case DecodeError::wrong_size:
            ++counters.dropped_wrong_size;
            break;
    }
}

}  // namespace mqttsn::gateway
