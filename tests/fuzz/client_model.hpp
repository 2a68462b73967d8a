// SPDX-License-Identifier: BSD-3-Clause
//
// What must hold between what a device's application asked for, what came from the network, what the library
// sent and what it reported: the judge of the fuzz target client_input. It shares only common/ with the
// library and ends the program at the first thing that must not be.
#ifndef TESTS_FUZZ_CLIENT_MODEL_HPP
#define TESTS_FUZZ_CLIENT_MODEL_HPP

#include <mqttsn/client.h>

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "mqttsn/codec.hpp"

namespace test {

class ClientModel {
  public:
    /// A request that was accepted and whose event has not come.
    struct Request {
        mqttsn_event_type ends_with = MQTTSN_EVENT_DELIVERED;
        std::uint16_t token = 0;
        int qos = 0;
        bool retain = false;
        std::uint8_t kind = 0;  // mqttsn_topic_kind
        std::uint16_t topic_id = 0;
        std::string name;
        std::string payload;  // of a publication: no other has the same
        std::uint16_t message_id = 0;
        bool sent = false;
        bool received = false;      // PUBREC
        bool released = false;      // PUBREL
        bool acknowledged = false;  // to the end
        bool may_be_discarded = false;
        std::set<int> refusals;
        int granted_qos = 0;
    };

    ClientModel(const mqttsn_config& config, std::string client_id)
        : config_(config), client_id_(std::move(client_id)) {}

    void requested(Request request);
    void asked_to_connect(bool clean) { clean_ = clean; }
    /// It is in `state` now.
    void asked_to_disconnect(mqttsn_state state);
    void gateway_added(const mqttsn_address& address) { gateways_.insert(octets_of(address)); }

    /// A datagram came while the library was in `state`, and it took it.
    void taken(const mqttsn::Message& message, mqttsn_state state, const mqttsn_address* from);
    /// The library wrote a datagram while it was in `state`.
    void sent(const mqttsn::Message& message, mqttsn_state state, const mqttsn_address* to);
    void reported(const mqttsn_event& event);

    const std::vector<Request>& open() const { return open_; }

  private:
    static std::string octets_of(const mqttsn_address& address) {
        return std::string(reinterpret_cast<const char*>(address.data), address.octets);
    }
    Request* by_message_id(std::uint16_t id);
    void check_fresh_id(std::uint16_t id) const;
    void check_turn(const Request& request) const;
    void sent_publish(const mqttsn::Message& message, mqttsn_state state);
    void sent_subscribe(const mqttsn::Message& message, mqttsn_event_type ends_with);
    void sent_reply(const mqttsn::Message& message);
    void sent_pubrel(const mqttsn::Message& message);
    void sent_connect(const mqttsn::Message& message);
    void sent_will(const mqttsn::Message& message);
    void taken_answer(const mqttsn::Message& message);
    void taken_connack(const mqttsn::Message& message);
    void reported_message(const mqttsn_event& event);
    void reported_end(const mqttsn_event& event);
    void reported_link(const mqttsn_event& event);

    const mqttsn_config& config_;
    std::string client_id_;
    std::vector<Request> open_;
    std::map<std::uint16_t, std::string> names_;        // what each topic id was last said to mean
    std::map<std::uint16_t, std::string> registering_;  // by the message id of our REGISTER
    std::set<std::string> gateways_;                    // addresses that were heard of
    std::set<std::uint16_t>
        unreleased_;  // QoS 2 messages that were reported and not released, of this connection
    std::set<std::uint16_t> left_over_;  // and of an earlier one: they make room in a full table
    std::set<std::uint16_t> certain_;    // of those, what nothing can have taken the place of
    std::set<std::uint16_t> seen_;       // all QoS 2 ids since the connection began
    std::set<std::uint16_t> reported_1_;
    std::set<std::uint16_t> reported_2_;
    bool clean_ = false;
    bool connect_sent_ = false;
    bool connect_was_clean_ = false;
    bool disconnect_asked_ = false;
    bool will_topic_asked_ = false;
    bool will_message_asked_ = false;

    // The last datagram that was taken. Nothing else is taken before all it leads to was drained.
    mqttsn::Message last_;
    std::string last_data_;
    bool any_taken_ = false;
    bool reported_last_ = false;  // as MESSAGE
    int owed_ = 0;                // the event that it must lead to
    bool replied_ = true;
};

}  // namespace test

#endif
