//! Makes a probability of what rules and n-grams say, per channel, per length of the text.
//!
//! The numbers stand behind the weights in the model's file: per channel, for each of four lengths and for decoded text, six:
//! constant, small window, large window, highest points, sum of points, and the probability from which on a text is reported.

use crate::{Seen, linear::Reading};

use super::clues::Tally;

/// Texts up to so many words belong to a length; longer ones to the last.
const LENGTHS: [usize; 3] = [48, 160, 640];

/// Numbers of a channel in the file.
const NUMBERS: usize = 6 * 5;

/// What a rule of so many points is worth by itself: those with 4 or 5 matched no ordinary text they were measured on.
const ALONE: [(u8, f32); 2] = [(5, 0.97), (4, 0.9)];

/// Beyond these log-odds a score says no more: so that one odd window cannot outweigh all else.
const LIMIT: f32 = 8.0;

/// Beyond this sum points say no more.
const POINTS: u8 = 12;

/// Why a calibration was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the calibration has other numbers than this version reads")]
pub(crate) struct Error;

/// How to judge the texts of one channel: by their length, and what was decoded last.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Calibration([Sum; 5]);

/// What counts how much in the log-odds, and the probability from which on a text is reported.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Sum {
    constant: f32,
    windows: [f32; 2],
    most: f32,
    sum: f32,
    threshold: f32,
}

/// What is thought of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Verdict {
    /// How sure it is that this is an attack.
    pub(super) probability: f32,
    /// Whether that is enough to report it.
    pub(super) call: Call,
}

/// Whether a text is reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// It is.
    Attack,
    /// It is not.
    Nothing,
}

/// Reads the calibrations for user text and for untrusted content.
pub(super) fn read(numbers: &[f32]) -> Result<(Calibration, Calibration), Error> {
    let (user, untrusted) = numbers.split_at_checked(NUMBERS).ok_or(Error)?;
    Ok((Calibration::read(user)?, Calibration::read(untrusted)?))
}

impl Calibration {
    fn read(numbers: &[f32]) -> Result<Self, Error> {
        let numbers: &[f32; NUMBERS] = numbers.try_into().map_err(|_| Error)?;
        Ok(Self([0, 1, 2, 3, 4].map(|place| Sum {
            constant: numbers[6 * place],
            windows: [numbers[6 * place + 1], numbers[6 * place + 2]],
            most: numbers[6 * place + 3],
            sum: numbers[6 * place + 4],
            threshold: numbers[6 * place + 5],
        })))
    }

    /// Judges one form of a text by the scores of its windows and the points of rules.
    pub(super) fn verdict(&self, reading: &Reading, points: Tally, form: Seen) -> Verdict {
        let by = match form {
            Seen::Folded => &self.0[LENGTHS.iter().filter(|&&most| reading.words > most).count()],
            Seen::Decoded(_) => &self.0[LENGTHS.len() + 1],
        };
        let windows = [0, 1].map(|size| by.windows[size] * reading.scores[size].clamp(-LIMIT, LIMIT));
        let points_say = by.most * f32::from(points.most) + by.sum * f32::from(points.sum.min(POINTS));
        let sum = by.constant + windows[0] + windows[1] + points_say;
        let probability = 1.0 / (1.0 + (-sum).exp());
        let alone = ALONE.iter().find(|(least, _)| points.most >= *least).map(|&(_, worth)| worth);
        let call = if alone.is_some() || probability >= by.threshold { Call::Attack } else { Call::Nothing };
        Verdict { probability: probability.max(alone.unwrap_or(0.0)), call }
    }
}
