/**
 * Invented words that look like those of the language, for training: pieces of English words in any order. A word that
 * training lacks is made of tokens that it would else meet in one place only ("valid" in "invalid", "ry" in "battery"),
 * and a model copies a token only where it has seen it stand for itself.
 */

import type { Draw } from "../draw.ts";
import { HELD_OUT_WORDS } from "../procedural/held-out-words.ts";

/** Of the words that training invents. */
export const SPLICED_SHARE = 0.5;

const PIECES =
  `ab ac act ad age al am an ance ant ap ar ard arm art ary as ase ash ast at ate atch av bal ban bar bas be
  bel ber bi bit ble board bor bot bra bre bri bur but cal cam can cap car cas cat ce cel cen cer cha che chi chor ci cir
  cla cle cli co col com con cor cot coun cra cre cro ct cu cul cus cy dar de del den der di dia dis do dom dra dro dru du
  e ea east eck ect ed ef el em en ence ent er ern ery es ess est et ex fa fac fe fer fi fir fla flo for form fra fre ful
  fur ga gar ge gen ger gh ght gi gla glo gn go gra gre gri gro gu ha hal ham han har head heli her hi hip ho hol hor
  house hu hun ible ic ice id ier ify igh ight il im in inc ine ing ini ink ion ip ir ire is ise ish ism ist it ite ition
  ity ive ize ja jo ju kay ker ki kle la lag lan lar las lau le lec lent les let li lic lig lim lin lish lo log lon lor
  lu ly ma mag man mar mas mat med mel men ment mer met mi mic mid min mis mit mo mon mor mu mul mun na nal nar nat ne
  nel ness net ni nic nit no nor nt nu ob oc od of ol ology om on op or ord ory os ot ound our ous out ove over pa pal
  pan par pass pat pe pel pen per pet ph pi pla ple po pod pol por pos pre press pri pro pu pub pul pur put qua que qui
  ra ram ran rat re rec rel ren res ress ri ric rin ro rod rop ros rot ru rum ry sa sad sal san sar sc scal sch sci sco
  scri scul se sec sel sem sen ser shi ship shop si sig sil sim sin sis sk sla sli so sol som son sp spe spo st sta stan
  ster sti sto str stra stre sub suc sul sum sup sur sy sym ta tab tac tal tan tar te tec tel tem ten ter th the ther thi
  ti tic til tim tin tion tis tle to tom ton tor tour tra tre tri tro tru tu tur ty ub uck ue ul um un und unt up ur ure
  urn us use ust ut va val valid van var ve vel ven ver vey vi vic vil vin vis vo vol wa wall war way we wer west wi win
  wood wor y za ze zi zo zz`.split(/\s+/);

/** `count` pieces or more: "compery", "validor"; by no chance a word that is held out. */
export function spliceWord(draw: Draw, count: number): string {
  for (;;) {
    let word = "";
    // A word of one short piece is too often a word that means something.
    for (let pieces = 0; pieces < count || word.length < 4; pieces += 1) word += draw.pick(PIECES);
    if (!HELD_OUT_WORDS.has(word)) return word;
  }
}
