// SPDX-License-Identifier: BSD-3-Clause
//
// The proxy on real sockets: datagrams of devices go through their link model to the gateway, its answers
// come back the same way. Each device gets a source port of its own towards the gateway; a NAT rebinding is a
// new one. It moves octets, LinkModel decides. libuv's timers have milliseconds: what the model delivers at t
// leaves before t + 1 ms (on a host that keeps up), never before t, and never out of the model's order. Loop
// thread only.
#ifndef TESTS_LOSSY_PROXY_HPP
#define TESTS_LOSSY_PROXY_HPP

#include <uv.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/net/udp_listener.hpp"
#include "lossy/held_datagrams.hpp"
#include "lossy/pcap_writer.hpp"
#include "lossy/proxy_mappings.hpp"
#include "lossy/proxy_report.hpp"
#include "lossy/proxy_upstream.hpp"

namespace mqttsn::lossy {

struct ProxySettings {
    gateway::UdpAddress listen{"127.0.0.1", 1985, false};
    Endpoint gateway;  ///< port > 0
    LinkSettings link;
    std::uint64_t seed = 1;
    std::size_t mappings_max = 10'000;
    Micros expire{
        std::chrono::hours{24}};  ///< an idle device is forgotten; a sleeper is silent for up to 18 h
    std::size_t held_datagrams_max = 100'000;
    std::size_t held_octets_max = 64UL * 1024 * 1024;
};

class Proxy final : gateway::DatagramReceiver, UpstreamReceiver {
  public:
    /// `notice` gets sentences for the operator while it runs. `capture` may be nullptr; it gets both sides:
    /// what devices send and receive (with the listening address) and what the gateway receives and sends
    /// (with the device's source port), so that what is there on one side only was lost on the way. Both
    /// outlive the proxy.
    Proxy(uv_loop_t* loop, const ProxySettings& settings, PcapWriter* capture,
          std::function<void(const std::string&)> notice);
    /// Only after close() and after the loop has run.
    ~Proxy();
    Proxy(const Proxy&) = delete;
    Proxy& operator=(const Proxy&) = delete;

    /// Binds and starts; the time of the links (partitions!) begins now.
    /// @return "" or one sentence for the operator
    std::string open();
    void close();
    /// The port in use, also when 0 was asked for.
    std::uint16_t port() const { return listener_.port(); }
    /// Since open().
    Micros now() const;
    ProxyReport report() const;

    /// Sockets that `mappings` devices may need at the same time.
    static std::size_t sockets_for(const LinkSettings& link, std::size_t mappings);

  private:
    /// The sockets of a mapping; the index is its slot.
    struct Sockets {
        Upstream::Handle current;
        Upstream::Handle previous;  ///< of the binding before: what is still sent to it is seen, and lost
        Endpoint listening;         ///< the proxy's address towards the device; for the capture only
    };

    void on_datagram(const Endpoint& from, Bytes datagram) override;
    bool speaks_for_many(const Endpoint&) const override { return true; }  // whatever comes is passed on
    void on_answer(const Upstream& upstream, Bytes datagram) override;
    void on_unreachable(int error) override;

    bool is_itself(const Endpoint& peer) const;
    bool listens_on_all() const;
    /// The upstream for the mapping's present binding; nullptr when there is none to be had.
    Upstream* bind(MappingId id, const Mapping& mapping);
    Upstream::Handle open_upstream(MappingId id, std::uint32_t binding);
    void close_sockets(MappingId id);
    void pass_on(Way way, MappingId id, std::uint32_t binding, const Verdict& verdict, Micros now,
                 Bytes octets);
    void deliver(Way way, MappingId id, std::uint32_t binding, Micros now, Bytes octets);
    void deliver_due(Micros now);
    void arm_timer();
    void housekeeping();
    void flush_capture();
    void say_once(bool& said, const std::string& text);

    uv_loop_t* const loop_;
    const ProxySettings settings_;
    PcapWriter* const capture_;
    const std::function<void(const std::string&)> notice_;
    gateway::UdpListener listener_;
    UpstreamPort upstream_port_;
    ProxyMappings mappings_;
    std::vector<Sockets> sockets_;
    HeldDatagrams held_;
    uv_timer_t due_timer_{};
    uv_timer_t housekeeping_timer_{};
    bool open_ = false;
    std::uint64_t start_ns_ = 0;
    std::uint64_t armed_ms_ = 0;  ///< uv_now() at which due_timer_ fires; 0 = not armed
    Endpoint listening_;          ///< address and port; the address is zero when it listens on all
    ProxyCounters counters_;
    bool said_unreachable_ = false;
    bool said_no_socket_ = false;
    bool said_held_full_ = false;
    bool said_evicted_ = false;
    bool said_not_received_ = false;
};

}  // namespace mqttsn::lossy

#endif
