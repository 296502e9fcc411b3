//! Calendar dates.

use anyhow::Result;
use domain::CalendarDate;
use sync::UnixMillis;

const MILLIS_A_DAY: i64 = 86_400_000;

pub(super) fn dates(data: &[u8]) -> Result<()> {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(date) = text.parse::<CalendarDate>()
    {
        assert_eq!(date.to_string(), text);
        assert_eq!(serde_json::from_str::<CalendarDate>(&serde_json::to_string(&date)?)?, date);
        let (year, month, day) = date.parts();
        assert_eq!(CalendarDate::new(year, month, day), Some(date));
        let epoch: CalendarDate = "1970-01-01".parse()?;
        let midnight = epoch.days_until(date) * MILLIS_A_DAY;
        for within in [0, MILLIS_A_DAY - 1] {
            assert_eq!(CalendarDate::of(UnixMillis(midnight + within), 0), date);
        }
        assert_eq!(date.days_until(epoch), -epoch.days_until(date));
    }
    if let Some((millis, rest)) = data.split_first_chunk::<8>() {
        let offset = rest.first_chunk::<4>().map_or(0, |bytes| i32::from_be_bytes(*bytes));
        let date = CalendarDate::of(UnixMillis(i64::from_be_bytes(*millis)), offset);
        assert_eq!(date.to_string().parse::<CalendarDate>()?, date);
    }
    Ok(())
}
