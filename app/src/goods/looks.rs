//! The colour and icon of operations, movements and exceptions, the same on every page.

use domain::{ExceptionKind, Movement};

use crate::route::LotWork;
use crate::ui::chip::Tone;
use crate::ui::icon::Glyph;

/// The icon of an operation on a lot.
pub(crate) const fn work_glyph(work: LotWork) -> Glyph {
    match work {
        LotWork::Receive => Glyph::Receive,
        LotWork::Pick => Glyph::Pick,
        LotWork::Move => Glyph::Move,
        LotWork::PutAway => Glyph::PutAway,
        LotWork::Adjust => Glyph::Adjust,
        LotWork::Count => Glyph::Count,
    }
}

/// The colour and icon of a movement.
pub(crate) const fn movement_look(movement: Movement) -> (Tone, Glyph) {
    match movement {
        Movement::Receive | Movement::Import => (Tone::Good, Glyph::Receive),
        Movement::PutAway => (Tone::Info, Glyph::PutAway),
        Movement::Move => (Tone::Info, Glyph::Move),
        Movement::Pick => (Tone::Quiet, Glyph::Pick),
        Movement::Adjust => (Tone::Waiting, Glyph::Adjust),
        Movement::Count => (Tone::Info, Glyph::Count),
        Movement::Sale => (Tone::Quiet, Glyph::Cart),
    }
}

/// The colour and icon of a kind of exception.
pub(crate) const fn exception_look(kind: ExceptionKind) -> (Tone, Glyph) {
    match kind {
        ExceptionKind::BelowZero => (Tone::Attention, Glyph::Attention),
        ExceptionKind::MovedWhileCounted => (Tone::Waiting, Glyph::Triangle),
        ExceptionKind::DuplicateBarcode => (Tone::Info, Glyph::Scan),
    }
}
