/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the client library contains. Each switch is 1 (in, the default) or 0; define it for the library and
 * for everything that includes <mqttsn/client.h> alike, on the compiler's command line or in a header of
 * yours that MQTTSN_CONFIG_FILE names: -DMQTTSN_CONFIG_FILE='"my_mqttsn_config.h"'. A function that is left
 * out is not declared, so that its use is an error of the compiler. Structures keep their layout whatever the
 * switches say.
 */
#ifndef MQTTSN_CONFIG_H
#define MQTTSN_CONFIG_H

#ifdef MQTTSN_CONFIG_FILE
#include MQTTSN_CONFIG_FILE
#endif

/* QoS 2 in both directions. Without it such a message is answered "not supported". */
#ifndef MQTTSN_WITH_QOS2
#define MQTTSN_WITH_QOS2 1
#endif

/* The will: at CONNECT, and mqttsn_will_update(). */
#ifndef MQTTSN_WITH_WILL
#define MQTTSN_WITH_WILL 1
#endif

/* ADVERTISE, SEARCHGW, GWINFO; several gateways; datagrams with addresses. */
#ifndef MQTTSN_WITH_DISCOVERY
#define MQTTSN_WITH_DISCOVERY 1
#endif

/* mqttsn_sleep(), mqttsn_wake(). */
#ifndef MQTTSN_WITH_SLEEP
#define MQTTSN_WITH_SLEEP 1
#endif

/* mqttsn_subscribe(), mqttsn_unsubscribe() and everything a gateway sends on its own. */
#ifndef MQTTSN_WITH_SUBSCRIBE
#define MQTTSN_WITH_SUBSCRIBE 1
#endif

/* QoS -1: publishing without a connection. */
#ifndef MQTTSN_WITH_QOS_MINUS_ONE
#define MQTTSN_WITH_QOS_MINUS_ONE 1
#endif

/* config.adaptive_retry. */
#ifndef MQTTSN_WITH_ADAPTIVE_RETRY
#define MQTTSN_WITH_ADAPTIVE_RETRY 1
#endif

/* The longest address of the transport, in octets. 22 holds IPv6 with port and zone. */
#ifndef MQTTSN_ADDRESS_OCTETS
#define MQTTSN_ADDRESS_OCTETS 22
#endif

#endif
