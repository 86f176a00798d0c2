import Foundation

#if canImport(Darwin)
    import Darwin
#endif

/// The memory of this process, in bytes.
///
/// Mapped weights count as resident once they are touched but can be dropped by the system at any time; anonymous
/// memory cannot, so both are reported.
public struct MemoryUsage: Sendable, Equatable {
    /// The most that was ever resident.
    public var peakResident: Int
    /// Resident now and not backed by a file.
    public var anonymous: Int

    /// Reads the figures of the running process. A figure the system does not tell is 0.
    public static func current() -> MemoryUsage {
        #if canImport(Darwin)
            var usage = rusage()
            getrusage(RUSAGE_SELF, &usage)
            var info = task_vm_info_data_t()
            var count = mach_msg_type_number_t(MemoryLayout<task_vm_info_data_t>.size / MemoryLayout<integer_t>.size)
            let status = withUnsafeMutablePointer(to: &info) { pointer in
                pointer.withMemoryRebound(to: integer_t.self, capacity: Int(count)) {
                    task_info(mach_task_self_, task_flavor_t(TASK_VM_INFO), $0, &count)
                }
            }
            return MemoryUsage(
                peakResident: Int(usage.ru_maxrss), anonymous: status == KERN_SUCCESS ? Int(info.phys_footprint) : 0)
        #else
            let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
            return MemoryUsage(
                peakResident: kilobytes("VmHWM:", in: status), anonymous: kilobytes("RssAnon:", in: status))
        #endif
    }

    private static func kilobytes(_ key: String, in status: String) -> Int {
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix(key) }) else { return 0 }
        let number = line.dropFirst(key.count).split(whereSeparator: \.isWhitespace).first
        return number.flatMap { Int($0) }.map { $0 * 1024 } ?? 0
    }
}
