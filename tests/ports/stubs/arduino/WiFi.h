/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STUB_WIFI_H
#define STUB_WIFI_H
enum { WL_CONNECTED = 3 };
struct StubWiFi {
    int begin(const char* ssid, const char* passphrase);
    int status();
    int disconnect();
};
extern StubWiFi WiFi;
#endif
