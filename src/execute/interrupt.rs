//! Ctrl-C: the first one ends a run in order, the second one leaves at once.

use std::io::Write;
use std::time::Duration;

/// The status of a program that Ctrl-C has ended.
const INTERRUPTED: i32 = 130;

/// Hears Ctrl-C from the moment at which it is made, also while nobody waits for it.
pub(super) struct Interrupts {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
    #[cfg(windows)]
    signal: Option<tokio::signal::windows::CtrlC>,
}

impl Interrupts {
    /// Must be called within a runtime.
    pub(super) fn new() -> Interrupts {
        #[cfg(unix)]
        let signal = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt());
        #[cfg(windows)]
        let signal = tokio::signal::windows::ctrl_c();
        Interrupts { signal: signal.ok() }
    }

    /// The next Ctrl-C.
    pub(super) async fn next(&mut self) {
        let heard = match &mut self.signal {
            Some(signal) => signal.recv().await,
            None => None,
        };
        if heard.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

/// Ends the program at the second Ctrl-C, whatever the run is waiting for: a builder that does not answer, a file that
/// cannot be read on, an output that nobody takes.
pub(super) fn leave_at_the_second() {
    let watch = || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        runtime.block_on(async {
            let mut interrupts = Interrupts::new();
            interrupts.next().await;
            interrupts.next().await;
        });
        // Standard error may be what does not move.
        std::thread::spawn(|| writeln!(std::io::stderr(), "\nleft at once: the builder may need a moment to stop what it was running"));
        std::thread::sleep(Duration::from_millis(50));
        std::process::exit(INTERRUPTED);
    };
    drop(std::thread::Builder::new().name("ctrl-c".to_owned()).spawn(watch));
}
