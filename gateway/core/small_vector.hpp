// SPDX-License-Identifier: BSD-3-Clause
//
// A vector for the many that hold nothing or little: 16-bit counts, room for N elements inside, memory only
// when there are more. What a session has of each kind is bounded by its limits, far below 65535.
#ifndef GATEWAY_CORE_SMALL_VECTOR_HPP
#define GATEWAY_CORE_SMALL_VECTOR_HPP

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace mqttsn::gateway {

template <typename T, std::size_t N = 0>
class SmallVector {
    static_assert(std::is_nothrow_move_constructible_v<T> && alignof(T) <= alignof(std::max_align_t));

  public:
    SmallVector() = default;
    SmallVector(SmallVector&& other) noexcept { take(other); }
    SmallVector& operator=(SmallVector&& other) noexcept {
        if (this != &other) {
            clear();
            take(other);
        }
        return *this;
    }
    SmallVector(const SmallVector&) = delete;
    SmallVector& operator=(const SmallVector&) = delete;
    ~SmallVector() { clear(); }

    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }
    T* data() { return on_heap() ? storage_.heap : inside(); }
    const T* data() const { return const_cast<SmallVector*>(this)->data(); }
    T* begin() { return data(); }
    T* end() { return data() + size_; }
    const T* begin() const { return data(); }
    const T* end() const { return data() + size_; }
    T& operator[](std::size_t index) { return data()[index]; }
    const T& operator[](std::size_t index) const { return data()[index]; }
    T& back() { return end()[-1]; }
    const T& back() const { return end()[-1]; }
    T& front() { return *begin(); }
    const T& front() const { return *begin(); }

    /// References and pointers to elements die.
    T& emplace_back(T value = T{}) {
        if (size_ == capacity_) {
            grow();
        }
        T* const place = std::construct_at(end(), std::move(value));
        ++size_;
        return *place;
    }
    void push_back(T value) { emplace_back(std::move(value)); }

    void erase(const T* first, const T* last) {
        if (first == last) {
            return;  // each element behind would be moved to itself, which few types survive
        }
        T* const from = begin() + (first - begin());
        T* const rest = std::move(begin() + (last - begin()), end(), from);
        std::destroy(rest, end());
        size_ = static_cast<std::uint16_t>(rest - begin());
    }
    void erase(const T* element) { erase(element, element + 1); }

    /// Empty, and without memory of its own.
    void clear() {
        std::destroy(begin(), end());
        if (on_heap()) {
            std::allocator<T>().deallocate(storage_.heap, capacity_);
        }
        size_ = 0;
        capacity_ = N;
    }

  private:
    bool on_heap() const { return capacity_ > N; }
    T* inside() { return std::launder(reinterpret_cast<T*>(storage_.inside)); }

    void take(SmallVector& other) {
        if (other.on_heap()) {
            storage_.heap = other.storage_.heap;
        } else {
            std::uninitialized_move(other.begin(), other.end(), inside());
            std::destroy(other.begin(), other.end());
        }
        size_ = std::exchange(other.size_, std::uint16_t{0});
        capacity_ = std::exchange(other.capacity_, static_cast<std::uint16_t>(N));
    }

    void grow() {
        if (capacity_ == 0xFFFF) {
            throw std::length_error("SmallVector");
        }
        const std::size_t more = std::max<std::size_t>(1, std::size_t{capacity_} * 2);
        const auto bigger = static_cast<std::uint16_t>(std::min<std::size_t>(more, 0xFFFF));
        T* const place = std::allocator<T>().allocate(bigger);
        std::uninitialized_move(begin(), end(), place);
        std::destroy(begin(), end());
        if (on_heap()) {
            std::allocator<T>().deallocate(storage_.heap, capacity_);
        }
        storage_.heap = place;
        capacity_ = bigger;
    }

    union Storage {
        T* heap;
        alignas(T) unsigned char inside[N == 0 ? 1 : N * sizeof(T)];
    };
    Storage storage_{nullptr};
    std::uint16_t size_ = 0;
    std::uint16_t capacity_ = N;
};

/// As std::erase() and std::erase_if(). @return how many went
template <typename T, std::size_t N, typename Condition>
std::size_t erase_if(SmallVector<T, N>& vector, Condition condition) {
    const std::size_t before = vector.size();
    vector.erase(std::remove_if(vector.begin(), vector.end(), condition), vector.end());
    return before - vector.size();
}
template <typename T, std::size_t N>
std::size_t erase(SmallVector<T, N>& vector, const T& value) {
    return erase_if(vector, [&value](const T& element) { return element == value; });
}

}  // namespace mqttsn::gateway

#endif
