;;; ask.el --- what a user of eglot does, in batch mode  -*- lexical-binding: t -*-
;; emacs --batch -q -l ask.el FILE LINE TITLE SERVER…: opens FILE, takes the code action on LINE whose title contains
;; TITLE, and prints what the user then sees: `shown: BUFFER' with its text, or the echo area's `answer: FILE'.

(require 'package)
(package-initialize)
(require 'eglot)
(require 'seq)

(setq eglot-sync-connect 30
      eglot-connect-timeout 60
      make-backup-files nil)

(let* ((file (pop command-line-args-left))
       (line (string-to-number (pop command-line-args-left)))
       (title (pop command-line-args-left))
       (program command-line-args-left)
       (before nil)
       (patience (+ (float-time) 240)))
  (setq command-line-args-left nil)
  (add-to-list 'eglot-server-programs (cons 'text-mode program))
  (find-file file)
  (text-mode)
  (setq before (buffer-list))
  (apply #'eglot (eglot--guess-contact))
  ;; An edit that is not saved: the answer has to know it.
  (goto-char (point-max))
  (insert "apple, not saved\n")
  (goto-char (point-min))
  (forward-line (1- line))
  (let ((last-nonmenu-event ?.)          ; as if by a key: the choice is read, not a menu popped up
        (pick (lambda (_prompt collection &rest _)
                (seq-find (lambda (choice) (string-match-p (regexp-quote title) choice))
                          (all-completions "" collection)))))
    (cl-letf (((symbol-function 'completing-read) pick))
      ;; Eglot waits ten seconds for a command; the user sees that it gave up, and goes on.
      (condition-case problem
          (eglot-code-actions (point) nil nil t)
        (error (message "%s" (error-message-string problem))))))
  (cl-flet ((new-answer ()
              (seq-find (lambda (buffer)
                          (and (not (memq buffer before))
                               (string-suffix-p ".md" (or (buffer-file-name buffer) ""))))
                        (buffer-list)))
            (named-answer ()
              (with-current-buffer "*Messages*"
                (save-excursion
                  (goto-char (point-min))
                  (and (re-search-forward "the answer is in \\(.*\\.md\\)" nil t) (match-string 1))))))
    (while (and (not (new-answer)) (not (named-answer)) (< (float-time) patience))
      (accept-process-output nil 0.05))
    (cond ((new-answer)
           (princ (format "shown: %s\n" (buffer-file-name (new-answer))))
           (princ (with-current-buffer (new-answer) (buffer-string))))
          ((named-answer)
           (princ (format "answer: %s\n" (named-answer))))
          (t (princ "nothing came\n"))))
  (with-current-buffer (find-buffer-visiting file)
    (set-buffer-modified-p nil)
    (eglot-shutdown (eglot-current-server))))

;;; ask.el ends here
