/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STUB_IPADDRESS_H
#define STUB_IPADDRESS_H
#include <stdint.h>
class IPAddress {
  public:
    IPAddress() : address_(0) {}
    IPAddress(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
        : address_(static_cast<uint32_t>(a) << 24 | static_cast<uint32_t>(b) << 16 |
                   static_cast<uint32_t>(c) << 8 | d) {}
    bool operator==(const IPAddress& other) const { return address_ == other.address_; }

  private:
    uint32_t address_;
};
#endif
