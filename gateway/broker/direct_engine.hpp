// SPDX-License-Identifier: BSD-3-Clause
//
// The engine `direct`: one TCP (or TLS) connection with our own MQTT 3.1.1 codec per link. Packet ids and
// acknowledgements pass through as they are. It keeps the table of links, starts connections a few at a time,
// and is the only one that talks to the listener. It does not time out, retry or reconnect: the core does.
// Loop thread only.
//
// Beyond the contract of Engine:
// - send() before on_link_opened() is allowed; the packets follow CONNECT.
// - open() on a slot whose earlier link still lives ends that one without DISCONNECT.
// - shutdown() is silent: the listener hears nothing any more. The engine must live until the loop has run
// dry.
// - libuv writes with write(), which raises SIGPIPE. create() sets it to ignored when it has its default
// action.
#ifndef GATEWAY_BROKER_DIRECT_ENGINE_HPP
#define GATEWAY_BROKER_DIRECT_ENGINE_HPP

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gateway/broker/connect_pace.hpp"
#include "gateway/broker/direct_link.hpp"
#include "gateway/broker/direct_options.hpp"
#include "gateway/broker/engine.hpp"
#include "gateway/broker/resolver.hpp"
#include "gateway/broker/waiting_links.hpp"

namespace mqttsn::gateway {

class DirectEngine final : public Engine, private DirectLinkOwner {
  public:
    /// Opens no connection. nullptr when the URL is not for this engine or a TLS file cannot be used; `error`
    /// says which, for the operator. `loop` and `listener` must outlive the engine, `listener` only until
    /// shutdown().
    static std::unique_ptr<DirectEngine> create(uv_loop_t* loop, EngineListener& listener,
                                                const DirectOptions& options, std::string& error);
    /// Only after shutdown() and after the loop has run until nothing was left.
    ~DirectEngine() override;
    DirectEngine(const DirectEngine&) = delete;
    DirectEngine& operator=(const DirectEngine&) = delete;

    void open(LinkId link, const mqtt::Connect& connect) override;
    void send(LinkId link, const mqtt::Packet& packet) override;
    void close(LinkId link, bool with_disconnect) override;
    void set_reading(LinkId link, bool on) override;
    void flush() override;
    void shutdown() override;

    DirectCounters counters() const;
    /// Links that are not reported as gone yet, the ones that wait for their turn included.
    std::size_t link_count() const override { return links_.size(); }
    std::size_t waiting_count() const { return waiting_.size(); }

  private:
    DirectEngine(uv_loop_t* loop, EngineListener& listener, const DirectOptions& options);

    void link_ended(DirectLink& link) override;
    void link_ended_without_handle(DirectLink& link) override;
    void link_attempt_failed(DirectLink& link, int error) override;
    void link_connected(DirectLink& link) override;
    void link_opened(DirectLink& link, bool session_present) override;
    void link_packet(DirectLink& link, const mqtt::Packet& packet) override;
    void link_connect_done(DirectLink& link) override;
    void link_queue_changed(DirectLink& link) override;
    void set_deadline(DirectLink& link, std::uint32_t ms) override;

    DirectLink* find(LinkId id) const;
    DirectLink& add(LinkId id, mqtt::OctetBuffer greeting);
    void wake();
    void on_wake();
    void start_waiting();
    void report_congestion();
    void count(const DirectLink::Outcome& outcome, bool was_open);
    void arm_timer();
    void on_timer();

    EngineListener& listener_;
    DirectShared shared_;
    Resolver resolver_;
    std::vector<DirectLink*> slots_;  ///< the newest link of each slot, or nullptr
    std::unordered_map<const DirectLink*, std::unique_ptr<DirectLink>>
        links_;             ///< all, also those of older generations
    WaitingLinks waiting_;  ///< for a free place among connecting_
    ConnectPace pace_;
    std::size_t connecting_ = 0;
    std::vector<LinkId> dirty_;       ///< have something for flush()
    std::vector<LinkId> congestion_;  ///< their queue crossed a mark perhaps
    std::vector<DirectLink*> ended_;  ///< to be reported from the loop
    std::set<std::pair<std::uint64_t, DirectLink*>> deadlines_;
    bool shut_down_ = false;

    uv_idle_t wake_{};     ///< runs once when something is to be told later
    uv_timer_t timer_{};   ///< for the first of deadlines_
    uv_prepare_t turn_{};  ///< counts turns of the loop; does not keep it alive
};

}  // namespace mqttsn::gateway

#endif
