//! The application identifiers with the length and characters of their data. After the GS1 Barcode Syntax
//! Dictionary (GS1 AISBL, January 2026), without the rules on combinations of identifiers, which do not matter
//! to a scan.

/// One line for an identifier or a range of them: `first[-last][*] components`. `*` marks a predefined
/// length: no separator follows. A component is `N` (digits), `X` (most printable ASCII), `Y` (capitals,
/// digits and a few signs) or `Z` (base64url), then its length, or `.` and its maximum length; `?` marks an
/// optional one; then its check: `c` check digit, `d` date, `e` date whose day may be 00.
const TABLE: &str = "\
00* N18c\n01* N14c\n02* N14c\n03* N14c\n10 X.20\n11* N6e\n12* N6e\n13* N6e\n15* N6e\n16* N6e\n17* N6e\n20* N2\n21 X.20\n22 X.20
235 X.28\n240-241 X.30\n242 N.6\n243 X.20\n250-251 X.30\n253 N13c X.17?\n254 X.20\n255 N13c N.12?\n30 N.8
3100-3105* N6\n3110-3115* N6\n3120-3125* N6\n3130-3135* N6\n3140-3145* N6\n3150-3155* N6\n3160-3165* N6
3200-3205* N6\n3210-3215* N6\n3220-3225* N6\n3230-3235* N6\n3240-3245* N6\n3250-3255* N6\n3260-3265* N6
3270-3275* N6\n3280-3285* N6\n3290-3295* N6\n3300-3305* N6\n3310-3315* N6\n3320-3325* N6\n3330-3335* N6
3340-3345* N6\n3350-3355* N6\n3360-3365* N6\n3370-3375* N6\n3400-3405* N6\n3410-3415* N6\n3420-3425* N6
3430-3435* N6\n3440-3445* N6\n3450-3455* N6\n3460-3465* N6\n3470-3475* N6\n3480-3485* N6\n3490-3495* N6
3500-3505* N6\n3510-3515* N6\n3520-3525* N6\n3530-3535* N6\n3540-3545* N6\n3550-3555* N6\n3560-3565* N6
3570-3575* N6\n3600-3605* N6\n3610-3615* N6\n3620-3625* N6\n3630-3635* N6\n3640-3645* N6\n3650-3655* N6
3660-3665* N6\n3670-3675* N6\n3680-3685* N6\n3690-3695* N6\n37 N.8
3900-3909 N.15\n3910-3919 N3 N.15\n3920-3929 N.15\n3930-3939 N3 N.15\n3940-3943 N4\n3950-3955 N6
400-401 X.30\n402 N17c\n403 X.30\n410-417* N13c\n420 X.20\n421 N3 X.9\n422 N3\n423 N3 N.12?\n424 N3\n425 N3 N.12?\n426 N3\n427 X.3
4300-4301 X.35\n4302-4306 X.70\n4307 X2\n4308 X.30\n4309 N20\n4310-4311 X.35\n4312-4316 X.70\n4317 X2\n4318 X.20\n4319 X.30
4320 X.35\n4321-4323 N1\n4324-4325 N6e N4\n4326 N6d\n4330-4333 N6 X1?
7001 N13\n7002 X.30\n7003 N6d N4\n7004 N.4\n7005 X.12\n7006 N6d\n7007 N6d N6d?\n7008 X.3\n7009 X.10\n7010 X.2\n7011 N6d N4?
7020-7022 X.20\n7023 X.30\n7030-7039 N3 X.27\n7040 N1 X3\n7041 X.4\n710-717 X.20\n7230-7239 X2 X.28\n7240 X.20\n7241 N2\n7242 X.25
7250 N8\n7251 N12\n7252 N1\n7253-7254 X.40\n7255 X.10\n7256 X.90\n7257 X.70\n7258 X3\n7259 X.40
8001 N14\n8002 X.20\n8003 N14c X.16?\n8004 X.30\n8005 N6\n8006 N14c N4\n8007 X.34\n8008 N6d N2 N.4?\n8009 X.50\n8010 Y.30\n8011 N.12
8012 X.20\n8013-8014 X.25\n8017-8018 N18c\n8019 N.10\n8020 X.25\n8026 N14c N4\n8030 Z.90
8040-8041 N15\n8042 N32\n8043 N18 N.2?\n8110 X.70\n8111 N4\n8112 X.70\n8200 X.70
90 X.30\n91-99 X.90";

/// The characters of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Charset {
    /// Digits.
    Digits,
    /// GS1's 82 invariant characters.
    Most,
    /// Capitals, digits, `#`, `-` and `/`.
    Capitals,
    /// Base64url.
    Base64,
}

impl Charset {
    pub(super) fn has(self, byte: u8) -> bool {
        match self {
            Self::Digits => byte.is_ascii_digit(),
            Self::Most => byte.is_ascii_alphanumeric() || b"!\"%&'()*+,-./:;<=>?_".contains(&byte),
            Self::Capitals => byte.is_ascii_uppercase() || byte.is_ascii_digit() || b"#-/".contains(&byte),
            Self::Base64 => byte.is_ascii_alphanumeric() || b"-_=".contains(&byte),
        }
    }
}

/// The check of a component besides its characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    /// No check.
    None,
    /// Its last digit.
    Digit,
    /// A date.
    Date,
    /// A date whose day may be 00: the last of its month.
    DateOrMonth,
}

/// A part of an identifier's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Component {
    pub(super) charset: Charset,
    pub(super) min_chars: usize,
    pub(super) max_chars: usize,
    pub(super) check: Check,
}

/// The format of an identifier's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Format {
    /// The number of digits of the identifier.
    pub(super) ai_digits: usize,
    /// Whether it needs no separator after it.
    pub(super) is_predefined: bool,
    pub(super) components: Vec<Component>,
}

impl Format {
    pub(super) fn min_chars(&self) -> usize {
        self.components.iter().map(|component| component.min_chars).sum()
    }

    pub(super) fn max_chars(&self) -> usize {
        self.components.iter().map(|component| component.max_chars).sum()
    }
}

/// The format of the identifier at the start of a text.
pub(super) fn format_of(text: &str) -> Option<Format> {
    TABLE.lines().find_map(|line| {
        let (range, spec) = line.split_once(' ')?;
        let (range, is_predefined) = match range.strip_suffix('*') {
            Some(range) => (range, true),
            None => (range, false),
        };
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let ai = text.get(..first.len()).filter(|ai| ai.bytes().all(|byte| byte.is_ascii_digit()))?;
        let components = || spec.split(' ').filter_map(component).collect();
        (first <= ai && ai <= last).then(|| Format {
            ai_digits: ai.len(),
            is_predefined,
            components: components(),
        })
    })
}

fn component(text: &str) -> Option<Component> {
    let charset = match text.get(..1)? {
        "N" => Charset::Digits,
        "Y" => Charset::Capitals,
        "Z" => Charset::Base64,
        _ => Charset::Most,
    };
    let rest = text.get(1..)?.trim_end_matches('?');
    let check = match rest.chars().last()? {
        'c' => Check::Digit,
        'd' => Check::Date,
        'e' => Check::DateOrMonth,
        _ => Check::None,
    };
    let length = rest.trim_end_matches(['c', 'd', 'e']);
    let max_chars = length.trim_start_matches('.').parse().ok()?;
    let min_chars = match (text.ends_with('?'), length.starts_with('.')) {
        (true, _) => 0,
        (false, true) => 1,
        (false, false) => max_chars,
    };
    Some(Component { charset, min_chars, max_chars, check })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_can_be_parsed() {
        for line in TABLE.lines() {
            let spec = line.split_once(' ').map_or("", |(_, spec)| spec);
            let read = spec.split(' ').filter_map(component).count();
            assert!(read > 0 && read == spec.split(' ').count(), "{line}");
        }
    }

    #[test]
    fn finds_identifiers_of_every_length() {
        let ai = |text: &str| format_of(text).map(|format| text[..format.ai_digits].to_owned());
        assert_eq!(ai("0104012345123456"), Some("01".to_owned()));
        assert_eq!(ai("4101234567890128"), Some("410".to_owned()));
        assert_eq!(ai("3103001250"), Some("3103".to_owned()));
        assert_eq!([ai("3106001250"), ai("05"), ai("7"), ai("A1"), ai("")], [None, None, None, None, None]);
        assert!(format_of("17").is_some_and(|format| format.is_predefined));
        assert!(format_of("10").is_some_and(|format| !format.is_predefined));
    }
}
