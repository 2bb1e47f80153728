// Texts of what is said in passing and asked before something is done. Strict JSON, like texts.js.
const SHEET_TEXTS = {
  "fr": {
    "cancel": "Retour",
    "undo": "Annuler",
    "what.to.do": "Que faire ?"
  },
  "ar": {
    "cancel": "رجوع",
    "undo": "تراجع",
    "what.to.do": "ما العمل؟"
  },
  "en": {
    "cancel": "Back",
    "undo": "Undo",
    "what.to.do": "What to do?"
  }
};
