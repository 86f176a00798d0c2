import Dispatch
import ModelGraphs

/// Keeps mapped weights from piling up in memory while the runtime makes its own copies of them.
///
/// The CPU plugin repacks every matrix when it first runs and does not read the mapped original again, yet its pages
/// would stay resident beside the copy: twice the model. Nothing is lost: a page that is needed after all comes back from
/// the file cache.
final class PageTrimmer {
    private let timer: any DispatchSourceTimer

    init(_ source: any GraphSource) {
        let release = source.releasePages
        timer = DispatchSource.makeTimerSource(queue: .global(qos: .utility))
        timer.schedule(deadline: .now(), repeating: .milliseconds(200), leeway: .milliseconds(50))
        timer.setEventHandler { release() }
        timer.activate()
    }

    /// Every matrix has been repacked.
    func stop() { timer.cancel() }

    deinit { timer.cancel() }
}
