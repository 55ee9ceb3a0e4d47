-- What a worker leaves for others on its host to see whether it lives. Null where it could leave nothing.
ALTER TABLE CAMPAIGN_WORKERS
  ADD COLUMN BOOT_ID CHAR(36) NULL,
  ADD COLUMN PID_NAMESPACE VARCHAR(32) NULL,
  ADD COLUMN SOCKET VARCHAR(107) NULL,
  ADD COLUMN SOCKET_INODE VARCHAR(20) NULL;
