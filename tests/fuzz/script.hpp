// SPDX-License-Identifier: BSD-3-Clause
//
// A fuzzer's input as a script: octets to be taken one after the other.
#ifndef TESTS_FUZZ_SCRIPT_HPP
#define TESTS_FUZZ_SCRIPT_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "mqttsn/wire.hpp"

namespace test {

/// Takes the script apart; at its end everything is 0.
class Script {
  public:
    Script(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}
    bool at_end() const { return left_ == 0; }
    std::uint8_t octet() {
        if (left_ == 0) {
            return 0;
        }
        --left_;
        return *data_++;
    }
    std::uint16_t u16() {
        const unsigned high = octet();
        return static_cast<std::uint16_t>(high << 8U | octet());
    }
    mqttsn::Bytes octets(std::size_t size) {
        size = std::min(size, left_);
        const mqttsn::Bytes out{data_, size};
        data_ += size;
        left_ -= size;
        return out;
    }

  private:
    const std::uint8_t* data_;
    std::size_t left_;
};

}  // namespace test

#endif
