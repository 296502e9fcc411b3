//! The set of icons: 24 px, 1.8 px stroke, in the colour of the text.

use yew::prelude::*;

/// The name of an icon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Glyph {
    Adjust,
    Attention,
    Back,
    Backspace,
    Box,
    Camera,
    Cart,
    Clock,
    Close,
    Count,
    Delete,
    DotFull,
    DotHalf,
    DotOpen,
    Edit,
    Key,
    Link,
    Lock,
    Minus,
    Move,
    Pause,
    Pick,
    Plus,
    PutAway,
    Inbox,
    Receive,
    Report,
    Scan,
    Search,
    Settings,
    Sync,
    Tick,
    Torch,
    Transfer,
    Triangle,
    Undo,
    Update,
}

impl Glyph {
    /// The outline, in a square of 24.
    const fn path(self) -> &'static str {
        match self {
            Self::Adjust => "M4 8h9M17 8h3M4 16h3M11 16h9M15 5.5v5M9 13.5v5",
            Self::Attention => "M12 5v9M12 18.5v.01",
            Self::Back => "M19 12H5M11 6l-6 6 6 6",
            Self::Backspace => "M8.5 5.5H21v13H8.5L3 12zM12 9.5l5 5M17 9.5l-5 5",
            Self::Box => "M12 3l8 4.5v9L12 21l-8-4.5v-9zM4 7.5l8 4.5 8-4.5M12 12v9",
            Self::Camera => "M4 8h3l1.5-2.5h7L17 8h3v11H4zM12 10a3.3 3.3 0 100 6.6 3.3 3.3 0 000-6.6z",
            Self::Cart => "M3 4h2.5l2 11h10l2-8H6.2M9 20v.01M16 20v.01",
            Self::Clock => "M12 4a8 8 0 100 16 8 8 0 000-16zM12 8v4.5l3 2",
            Self::Close => "M6 6l12 12M18 6L6 18",
            Self::Count => "M6 4h12v17H6zM9 9h6M9 13h6M9 17h3",
            Self::Delete => "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5",
            Self::DotFull => "M12 6a6 6 0 100 12 6 6 0 000-12z",
            Self::DotHalf => "M12 6a6 6 0 100 12zM12 6a6 6 0 010 12",
            Self::DotOpen => "M12 6a6 6 0 100 12 6 6 0 000-12z",
            Self::Edit => "M5 19l1-4L16 5l3 3L9 18zM13.5 7.5l3 3",
            Self::Key => "M8 11a4 4 0 100 8 4 4 0 000-8zM11 12.5L20 4M16.5 7.5l3 3M14 10l2 2",
            Self::Link => {
                "M10 14a4 4 0 010-5.6l3-3a4 4 0 015.6 5.6l-1.5 1.5M14 10a4 4 0 010 5.6l-3 3A4 4 0 015.4 13l1.5-1.5"
            }
            Self::Lock => "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 017 0v3M12 14.5v2",
            Self::Minus => "M6 12h12",
            Self::Move => "M4 8h14M14 4l4 4-4 4M20 16H6M10 12l-4 4 4 4",
            Self::Pause => "M9 6v12M15 6v12",
            Self::Pick => "M5 9h14l-1.5 11h-11zM9 12V7a3 3 0 016 0v5",
            Self::Plus => "M12 6v12M6 12h12",
            Self::PutAway => "M4 20V10l8-6 8 6v10M8 20v-7h8v7M8 16.5h8",
            Self::Receive => "M12 4v10M8 10l4 4 4-4M4 15v5h16v-5",
            Self::Inbox => "M4 13l3-8h10l3 8v6H4zM4 13h5l1.5 2.5h3L15 13h5",
            Self::Report => "M4 20h16M7 20v-6M12 20V6M17 20v-9",
            Self::Scan => "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M8 9v6M11 9v6M13.5 9v6M16 9v6",
            Self::Search => "M10.5 4a6.5 6.5 0 100 13 6.5 6.5 0 000-13zM15.5 15.5L20 20",
            Self::Settings => {
                "M12 9a3 3 0 100 6 3 3 0 000-6zM12 3v3M12 18v3M3 12h3M18 12h3M5.6 5.6l2.2 2.2M16.2 16.2l2.2 2.2M18.4 5.6l-2.2 2.2M7.8 16.2l-2.2 2.2"
            }
            Self::Sync => "M20 11a8 8 0 00-14-4.5L4 9M4 4v5h5M4 13a8 8 0 0014 4.5L20 15M20 20v-5h-5",
            Self::Tick => "M5 12.5l4.5 4.5L19 7.5",
            Self::Transfer => {
                "M4 17V6h10v11M14 10h4l2 3v4h-2M10 17h4M8 15.2a2 2 0 100 4 2 2 0 000-4zM16 15.2a2 2 0 100 4 2 2 0 000-4z"
            }
            Self::Torch => "M8 3h8v4l-2 3v11h-4V10L8 7zM8 7h8M12 13v2.5",
            Self::Triangle => "M12 5l8 14H4zM12 10.5v4M12 16.7v.01",
            Self::Undo => "M9 6L4 11l5 5M4 11h10a5 5 0 010 10h-3",
            Self::Update => "M12 20V6M6 12l6-6 6 6",
        }
    }

    /// Whether it points in the reading direction, and is mirrored in right-to-left scripts.
    const fn is_directional(self) -> bool {
        matches!(self, Self::Back | Self::Backspace | Self::Undo)
    }

    /// The filled part, for glyphs that differ by it.
    const fn filled(self) -> &'static str {
        match self {
            Self::DotFull => "M12 6a6 6 0 100 12 6 6 0 000-12z",
            Self::DotHalf => "M12 6a6 6 0 100 12z",
            _ => "",
        }
    }
}

/// An icon. It always has a text beside it or in the control's label, so it is hidden from screen readers.
pub(crate) fn icon(glyph: Glyph) -> Html {
    let filled = glyph.filled();
    let class = classes!("icon", glyph.is_directional().then_some("is-directional"));
    html! {
        <svg {class} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
            <path d={glyph.path()} />
            if !filled.is_empty() {
                <path d={filled} class="icon-fill" />
            }
        </svg>
    }
}
