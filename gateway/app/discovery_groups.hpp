// SPDX-License-Identifier: BSD-3-Clause
//
// The groups of [discovery] as sockets: opens them, again and again where the network is not there yet, and
// says each trouble once. What is said to the groups and when decides core/discovery. Loop thread only.
#ifndef GATEWAY_APP_DISCOVERY_GROUPS_HPP
#define GATEWAY_APP_DISCOVERY_GROUPS_HPP

#include <uv.h>

#include <memory>
#include <string>
#include <vector>

#include "gateway/app/config.hpp"
#include "gateway/app/log.hpp"
#include "gateway/core/output.hpp"
#include "gateway/net/group_socket.hpp"

namespace mqttsn::gateway {

class DiscoveryGroups {
  public:
    /// All must outlive it.
    DiscoveryGroups(uv_loop_t* loop, const Config& config, Log& log, GroupReceiver& receiver)
        : loop_(loop), config_(config), log_(log), receiver_(receiver) {}

    /// Opens those that are not open. The first listener that can reach a group speaks there; the listeners
    /// are open, and the same in every call.
    void open(const std::vector<std::unique_ptr<UdpListener>>& listeners);
    void send(const SendToGroup& datagram);
    void close();

  private:
    struct Group {
        std::unique_ptr<GroupSocket> socket;  ///< none where no listener can serve it
        std::string last_trouble;
    };
    void open_one(std::size_t index, const std::vector<std::unique_ptr<UdpListener>>& listeners);
    void say_trouble(std::size_t index, const std::string& trouble);

    uv_loop_t* const loop_;
    const Config& config_;
    Log& log_;
    GroupReceiver& receiver_;
    std::vector<Group> groups_;  // in the order of the config
};

}  // namespace mqttsn::gateway

#endif
