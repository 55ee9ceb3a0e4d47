-- Whether what a send's files hold is kept, is being removed, or was; null where it has none. By it, and by when they ended,
-- sends are found whose files are to be removed.
ALTER TABLE CAMPAIGN_SENDS
  ADD COLUMN FILES ENUM('kept', 'removing', 'removed') NULL,
  ADD KEY WITH_FILES (FILES, FINISHED_AT);
