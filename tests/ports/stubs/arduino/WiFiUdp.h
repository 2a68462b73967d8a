/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STUB_WIFIUDP_H
#define STUB_WIFIUDP_H
#include "Udp.h"
class WiFiUDP final : public UDP {
  public:
    uint8_t begin(uint16_t port) override;
    void stop() override;
    int beginPacket(IPAddress ip, uint16_t port) override;
    int endPacket() override;
    size_t write(const uint8_t* buffer, size_t size) override;
    int parsePacket() override;
    int read(unsigned char* buffer, size_t len) override;
    IPAddress remoteIP() override;
    uint16_t remotePort() override;
};
#endif
