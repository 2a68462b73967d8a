// SPDX-License-Identifier: BSD-3-Clause
// libFuzzer's entry for the body that the build names.
#include "fuzz/targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    DORMOUSE_FUZZ_BODY(data, size);
    return 0;
}
