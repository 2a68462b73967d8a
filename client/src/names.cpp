// SPDX-License-Identifier: BSD-3-Clause
//
// Names for logs. In a file of its own, so that a firmware that never asks for them does not carry the texts.
#include <mqttsn/client.h>

extern "C" {

const char* mqttsn_status_name(int status) {
    switch (status) {
        case MQTTSN_OK:
            return "MQTTSN_OK";
        case MQTTSN_ERR_ARGUMENT:
            return "MQTTSN_ERR_ARGUMENT";
        case MQTTSN_ERR_STATE:
            return "MQTTSN_ERR_STATE";
        case MQTTSN_ERR_BUSY:
            return "MQTTSN_ERR_BUSY";
        case MQTTSN_ERR_TOPIC:
            return "MQTTSN_ERR_TOPIC";
        case MQTTSN_ERR_TOO_LONG:
            return "MQTTSN_ERR_TOO_LONG";
        case MQTTSN_ERR_MALFORMED:
            return "MQTTSN_ERR_MALFORMED";
        case MQTTSN_ERR_UNEXPECTED:
            return "MQTTSN_ERR_UNEXPECTED";
        case MQTTSN_ERR_DISCARDED:
            return "MQTTSN_ERR_DISCARDED";
        case MQTTSN_ERR_ADDRESS:
            return "MQTTSN_ERR_ADDRESS";
        case MQTTSN_ERR_NETWORK:
            return "MQTTSN_ERR_NETWORK";
        case MQTTSN_ERR_BLOB:
            return "MQTTSN_ERR_BLOB";
        case MQTTSN_ERR_SENDER:
            return "MQTTSN_ERR_SENDER";
        default:
            return "?";
    }
}

const char* mqttsn_event_name(int type) {
    switch (type) {
        case MQTTSN_EVENT_CONNECTED:
            return "CONNECTED";
        case MQTTSN_EVENT_REFUSED:
            return "REFUSED";
        case MQTTSN_EVENT_DELIVERED:
            return "DELIVERED";
        case MQTTSN_EVENT_SUBSCRIBED:
            return "SUBSCRIBED";
        case MQTTSN_EVENT_UNSUBSCRIBED:
            return "UNSUBSCRIBED";
        case MQTTSN_EVENT_MESSAGE:
            return "MESSAGE";
        case MQTTSN_EVENT_ASLEEP:
            return "ASLEEP";
        case MQTTSN_EVENT_AWAKE_DONE:
            return "AWAKE_DONE";
        case MQTTSN_EVENT_CLOSED:
            return "CLOSED";
        case MQTTSN_EVENT_DISCONNECTED:
            return "DISCONNECTED";
        case MQTTSN_EVENT_LOST:
            return "LOST";
        case MQTTSN_EVENT_WILL_UPDATED:
            return "WILL_UPDATED";
        case MQTTSN_EVENT_GATEWAY:
            return "GATEWAY";
        default:
            return "?";
    }
}

}  // extern "C"
