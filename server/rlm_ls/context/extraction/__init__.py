"""Documents that are not text (PDF, office files, books, mail, notebooks): the text they hold, with its pages, sheets
and chapters, taken out in processes of their own. It knows nothing of models, editors or questions."""
