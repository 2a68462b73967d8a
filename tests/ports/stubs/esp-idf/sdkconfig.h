/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STUB_SDKCONFIG_H
#define STUB_SDKCONFIG_H
const char* stub_host(void);
const char* stub_port(void);
#define CONFIG_DEEP_SLEEP_GATEWAY stub_host()
#define CONFIG_DEEP_SLEEP_PORT stub_port()
#define CONFIG_DEEP_SLEEP_INTERVAL 600
#endif
