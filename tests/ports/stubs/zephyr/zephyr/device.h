/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STUB_ZEPHYR_DEVICE_H
#define STUB_ZEPHYR_DEVICE_H
struct device {
    const char* name;
};
extern const struct device stub_device_mqttsn_session;
#define DT_ALIAS(alias) alias
#define STUB_DEVICE(node) (&stub_device_##node)
#define DEVICE_DT_GET(node) STUB_DEVICE(node)
#endif
